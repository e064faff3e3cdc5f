using System.Security.Cryptography;
using System.Text;
using AgentPlatform.Contracts.Audit.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Audit.V1.AuditService.AuditServiceClient;

namespace AgentPlatform.Tests.Audits;

public sealed class MessageTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task Messages_come_back_in_their_order_redacted_and_the_log_vouches_for_them()
    {
        var agent = await platform.ClientAsync<Client>(Tokens.Agent("talker"));
        var first = (await agent.RecordMessageAsync(Request("order", "Write to ann@example.org"))).Message;
        await agent.RecordMessageAsync(Request("order", "Done", "mail.send"));

        var auditor = await platform.ClientAsync<Client>(Tokens.Auditor());
        var page = await auditor.ListMessagesAsync(new ListMessagesRequest { SessionId = "order", PageSize = 1 });
        var next = await auditor.ListMessagesAsync(new ListMessagesRequest { SessionId = "order", PageSize = 1, PageToken = page.NextPageToken });

        Assert.Equal(first, Assert.Single(page.Messages));
        Assert.Equal(("Write to [EMAIL]", true, 1L, "talker"), (first.Text, first.PiiRedacted, first.Sequence, first.AgentId));
        Assert.Equal(1, first.Redactions["email"]);
        Assert.Equal(("Done", 2L, "mail.send", ""), (next.Messages[0].Text, next.Messages[0].Sequence, next.Messages[0].ToolsCalled[0], next.NextPageToken));
        var entry = Assert.Single(await platform.AuditOfAsync($"message/{first.Id}"));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(first.Text))), entry.Metadata.Fields["sha256"].StringValue);
    }

    [Fact]
    public async Task Messages_of_a_session_recorded_at_once_have_numbers_without_a_gap()
    {
        var agent = await platform.ClientAsync<Client>(Tokens.Agent("crowd"));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(async () =>
        {
            for (var j = 0; j < 5; j++)
                await agent.RecordMessageAsync(Request("crowd", $"{i} {j}"));
        })));
        var listed = await agent.ListMessagesAsync(new ListMessagesRequest { SessionId = "crowd" });
        Assert.Equal(Enumerable.Range(1, 20).Select(i => (long)i), listed.Messages.Select(m => m.Sequence));
    }

    [Fact]
    public async Task An_agent_records_and_sees_its_own_only()
    {
        var (one, two) = (await platform.ClientAsync<Client>(Tokens.Agent("one")), await platform.ClientAsync<Client>(Tokens.Agent("two")));
        await one.RecordMessageAsync(Request("shared", "mine"));
        Assert.Empty((await two.ListMessagesAsync(new ListMessagesRequest { SessionId = "shared" })).Messages);
        var forged = Request("shared", "yours");
        forged.Message.AgentId = "one";
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await two.RecordMessageAsync(forged));
    }

    [Fact]
    public async Task Every_wrong_field_is_named()
    {
        var agent = await platform.ClientAsync<Client>(Tokens.Agent("wrong"));
        var message = new Message { Role = "No Role", RequestId = "a\0b", EscalationTicket = new string('t', 129) };
        message.ToolsCalled.Add(Enumerable.Repeat("tool", 65));
        message.SourcesUsed.Add(new string('s', 513));
        await Refusal.ExpectFieldsAsync(async () => await agent.RecordMessageAsync(new RecordMessageRequest { Message = message }),
            "message.session_id", "message.role", "message.text", "message.request_id", "message.escalation_ticket", "message.tools_called", "message.sources_used");
        await Refusal.ExpectFieldsAsync(async () => await agent.RecordMessageAsync(new RecordMessageRequest()), "message");
        await Refusal.ExpectFieldsAsync(async () => await agent.RecordMessageAsync(Request("long", new string('x', 32_769))), "message.text");
        await Refusal.ExpectFieldsAsync(async () => await agent.ListMessagesAsync(new ListMessagesRequest()), "session_id");
    }

    private static RecordMessageRequest Request(string session, string text, params string[] tools) =>
        new() { Message = new Message { SessionId = session, Role = "assistant", Text = text, RequestId = "r-1", ToolsCalled = { tools } } };
}
