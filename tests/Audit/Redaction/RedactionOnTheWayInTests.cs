using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Audit.V1.AuditService.AuditServiceClient;

namespace AgentPlatform.Tests.Audits;

/// <summary>What must not be kept is not in the database, not even for a moment: it is replaced before anything is written.</summary>
public sealed class RedactionOnTheWayInTests(Platform platform) : IClassFixture<Platform>
{
    private const string Mail = "sam.secret@example.com";
    private const string Card = "4111 1111 1111 1111";

    [Fact]
    public async Task Nothing_of_it_is_in_any_table_and_the_entry_says_what_was_replaced()
    {
        var service = await platform.ClientAsync<Client>(Tokens.Service("costing"));
        var entry = Entries.OfService(resource: $"people/{Mail}");
        entry.Outcome = Outcome.Failed;
        entry.ErrorMessage = $"CARD_REFUSED: {Card} of {Mail}";
        entry.Metadata = Struct.Parser.ParseJson($$"""{"{{Mail}}":{"cards":["{{Card}}",4111111111111111]},"phone":"5550100199"}""");
        await service.AppendEntriesAsync(new AppendEntriesRequest { Entries = { entry } }, new Metadata { { "idempotency-key", "redacted-1" } });
        await service.RecordMessageAsync(
            new RecordMessageRequest { Message = new Message { SessionId = "redaction", Role = "user", Text = $"I am {Mail}", SourcesUsed = { $"crm/{Mail}" } } },
            new Metadata { { "idempotency-key", "redacted-2" } });

        var kept = (await (await platform.ClientAsync<Client>(Tokens.Auditor())).GetEntryAsync(new GetEntryRequest { EventId = entry.EventId })).Entry;
        Assert.Equal("people/[EMAIL]", kept.Resource);
        Assert.Equal("CARD_REFUSED: [CARD] of [EMAIL]", kept.ErrorMessage);
        Assert.Equal(Struct.Parser.ParseJson("""{"[EMAIL]":{"cards":["[CARD]","[CARD]"]},"phone":"[PHONE]"}"""), kept.Metadata);
        Assert.True(kept.PiiRedacted);
        Assert.Equal(["card=3", "email=3", "phone=1"], kept.Redactions.Select(r => $"{r.Key}={r.Value}").Order(StringComparer.Ordinal));

        var tables = await platform.SqlAsync<string>("SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'audit' AND table_type = 'BASE TABLE'");
        Assert.Contains("message_audit", tables);
        foreach (var table in tables)
        {
            Assert.DoesNotContain(await platform.SqlAsync<string>($"SELECT t::text FROM audit.{table} t"),
                row => row.Contains("sam.secret", StringComparison.Ordinal) || Digits(row).Contains("11111111", StringComparison.Ordinal));
        }
    }

    // The card however it is grouped; eight ones in a row are in no hash that anybody will see.
    private static string Digits(string row) => row.Replace(" ", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
}
