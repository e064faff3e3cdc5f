using System.Text;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Audit.V1.AuditService.AuditServiceClient;

namespace AgentPlatform.Tests.Audits;

public sealed class BadInputTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task Metadata_of_16_KiB_are_taken_and_a_byte_more_is_not()
    {
        var service = await ServiceAsync();
        // {"a":"…"} as our JSON writes it: { "a": "…" }
        var around = JsonFormatter.Default.Format(Metadata("")).Length;
        await service.LogActionAsync(Action(Metadata(new string('m', 16 * 1024 - around))));
        await Refusal.ExpectFieldsAsync(async () => await service.LogActionAsync(Action(Metadata(new string('m', 16 * 1024 - around + 1)))), "entry.metadata");
    }

    [Theory]
    [InlineData(16, true)]
    [InlineData(17, false)]
    [InlineData(30, false)]
    public async Task Metadata_are_nested_so_deep_and_no_deeper(int depth, bool taken)
    {
        var service = await ServiceAsync();
        var (asObjects, asArrays) = (Metadata(""), new Struct());
        for (var i = 1; i < depth; i++)
            asObjects = new Struct { Fields = { ["a"] = Value.ForStruct(asObjects) } };
        var list = Value.ForList();
        for (var i = 2; i < depth; i++)
            list = Value.ForList(list);
        asArrays.Fields["a"] = list;
        foreach (var metadata in new[] { asObjects, asArrays })
        {
            if (taken)
                await service.LogActionAsync(Action(metadata));
            else
                await Refusal.ExpectFieldsAsync(async () => await service.LogActionAsync(Action(metadata)), "entry.metadata");
        }
    }

    [Fact]
    public async Task Nesting_that_not_even_protobuf_reads_is_no_fault_of_ours()
    {
        var metadata = Metadata("");
        for (var i = 1; i < 100; i++)
            metadata = new Struct { Fields = { ["a"] = Value.ForStruct(metadata) } };
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await (await ServiceAsync()).LogActionAsync(Action(metadata)));
        Assert.DoesNotContain(refused.StatusCode, new[] { StatusCode.Internal, StatusCode.Unknown });
    }

    [Fact]
    public async Task Bytes_that_are_no_utf8_never_reach_the_log_as_such()
    {
        var host = await platform.StartAsync("audit");
        var raw = platform.Client<RawClient>(host.GrpcAddress, Tokens.Service("costing"));
        var entry = Entries.OfService(resource: "utf8/??????");
        var bytes = new LogActionRequest { Entry = entry }.ToByteArray();
        // A lone surrogate, as CESU-8 would write it, in place of the question marks.
        var at = bytes.AsSpan().IndexOf("??????"u8);
        new byte[] { 0xED, 0xA0, 0x80, 0xED, 0xA0, 0x80 }.CopyTo(bytes, at);
        try
        {
            await raw.CallAsync("/agentplatform.audit.v1.AuditService/LogAction", MethodType.Unary, bytes);
            var log = await platform.ClientAsync<Client>(Tokens.Auditor());
            Assert.Contains('\uFFFD', (await log.GetEntryAsync(new GetEntryRequest { EventId = entry.EventId })).Entry.Resource);
            Assert.Empty((await log.VerifyEntriesAsync(new VerifyEntriesRequest())).Breaks);
        }
        catch (RpcException e)
        {
            Assert.Equal(StatusCode.InvalidArgument, e.StatusCode);
        }
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("\"text\"")]
    [InlineData("{\"a\": 1} x")]
    [InlineData("{\"a\": \"\\u0000\"}")]
    [InlineData("{\"a\": \"\\ud800\"}")]
    [InlineData("{\"a\": 1e999}")]
    [InlineData("not json")]
    public async Task A_metadata_filter_that_is_no_json_object_is_refused(string filter)
    {
        var auditor = await platform.ClientAsync<Client>(Tokens.Auditor());
        await Refusal.ExpectFieldsAsync(async () => await auditor.ListEntriesAsync(new ListEntriesRequest { MetadataContains = filter }), "metadata_contains");
    }

    [Fact]
    public async Task An_action_that_says_nothing_of_itself_is_told_what_is_missing()
    {
        var agent = await platform.ClientAsync<Client>(Tokens.Agent("silent"));
        await Refusal.ExpectFieldsAsync(async () => await agent.LogActionAsync(new LogActionRequest()), "entry");
        await Refusal.ExpectFieldsAsync(async () => await agent.LogActionAsync(new LogActionRequest { Entry = new AuditEntry() }), "entry.operation", "entry.resource");
        var forged = new AuditEntry { AgentId = "other", Operation = "a.b", Resource = "c" };
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await agent.LogActionAsync(new LogActionRequest { Entry = forged }));
        foreach (var days in new[] { -31, 1 })
        {
            var entry = new AuditEntry { Operation = "a.b", Resource = "c", OccurTime = platform.Clock.GetUtcNow().AddDays(days).ToTimestamp() };
            await Refusal.ExpectFieldsAsync(async () => await agent.LogActionAsync(new LogActionRequest { Entry = entry }), "entry.occur_time");
        }
    }

    [Fact]
    public async Task What_a_sender_claims_of_the_logs_own_fields_is_not_believed()
    {
        var entry = Entries.OfService(resource: "claims/1");
        (entry.Shard, entry.Position, entry.PiiRedacted, entry.Hash) = (9, 9, true, ByteString.CopyFrom(new byte[32]));
        entry.Redactions["email"] = 7;
        await (await ServiceAsync()).LogActionAsync(new LogActionRequest { Entry = entry });
        var kept = (await (await platform.ClientAsync<Client>(Tokens.Auditor())).GetEntryAsync(new GetEntryRequest { EventId = entry.EventId })).Entry;
        Assert.Equal((false, 0), (kept.PiiRedacted, kept.Redactions.Count));
        Assert.NotEqual(entry.Shard, kept.Shard);
        Assert.NotEqual(entry.Hash, kept.Hash);
    }

    private Task<Client> ServiceAsync() => platform.ClientAsync<Client>(Tokens.Service("costing"));

    private static Struct Metadata(string text) => new() { Fields = { ["a"] = Value.ForString(text) } };

    private static LogActionRequest Action(Struct metadata)
    {
        var entry = Entries.OfService();
        entry.Metadata = metadata;
        return new LogActionRequest { Entry = entry };
    }
}
