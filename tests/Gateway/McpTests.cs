using System.Text.Json;
using System.Text.Json.Nodes;
using AgentPlatform.Gateway;
using ModelContextProtocol.Client;

namespace AgentPlatform.Tests.Gateways;

/// <summary>The platform as tools of a model, through clients that others have made.</summary>
public sealed class McpTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_client_of_the_official_SDK_works_with_it_over_a_line_that_breaks()
    {
        Directory.CreateDirectory(Path.Combine(platform.VaultRoot, "prices of 2026"));
        await File.WriteAllTextAsync(Path.Combine(platform.VaultRoot, "prices of 2026", "list.csv"), "sku,price\nA,12\n");
        await File.WriteAllTextAsync(Path.Combine(platform.VaultRoot, "large.csv"), string.Concat(Enumerable.Repeat("sku,price\n", 400_001)));
        var gateway = await platform.StartAsync("gateway");
        var report = JsonNode.Parse((await NodeClient.RunAsync("mcp.mjs", new JsonObject
        {
            ["url"] = gateway.HttpAddress,
            ["token"] = Tokens.Operator("mia"),
            ["auditorToken"] = Tokens.Auditor(),
        }.ToJsonString())).GetRawText())!;

        Assert.Equal("agentplatform", Text(report["server"]!["name"]));
        foreach (var tool in new[] { "send_task", "request_approval", "notify", "fetch_status", "list_sessions", "list_approvals", "list_costings", "list_agents", "list_vault_files" })
            Assert.Contains(tool, report["tools"]!.AsArray().Select(Text));
        var schema = report["sendTask"]!["inputSchema"]!;
        Assert.Equal(["type", "fromRole", "toRole"], schema["required"]!.AsArray().Select(Text));
        Assert.DoesNotContain("idempotencyKey", schema["properties"]!.AsObject().Select(p => p.Key));
        Assert.Contains("256 KiB", Text(schema["properties"]!["payload"]!["description"]));

        var sent = report["sent"]!.AsArray();
        Assert.Equal((Text(sent[0]!["id"]), false, true, false), (Text(sent[1]!["id"]), Flag(sent[0]!["replayed"]), Flag(sent[1]!["replayed"]), Flag(sent[2]!["replayed"])));
        Assert.NotEqual(Text(sent[0]!["id"]), Text(sent[2]!["id"]));

        var awaited = report["awaited"]!;
        Assert.Equal((Text(sent[0]!["id"]), "ROLE_TASK_STATUS_CANCELLED", 1), (Text(awaited["task"]!["id"]), Text(awaited["task"]!["status"]), awaited["reconnects"]!.GetValue<int>()));
        var progress = awaited["progress"]!.AsArray();
        Assert.Contains("ROLE_TASK_STATUS_PENDING", Text(progress[0]!["message"]));
        Assert.Equal(2, report["lost"]!["reconnects"]!.GetValue<int>());
        Assert.Equal([Text(report["lost"]!["id"])], report["lost"]!["there"]!.AsArray().Select(Text));

        Assert.Equal("PENDING", Text(report["approval"]!["status"]).Split('_')[^1]);
        Assert.StartsWith("SESSION_NOT_FOUND: ", ErrorOf(report["refused"]!), StringComparison.Ordinal);
        Assert.Contains("idempotencyKey", ErrorOf(report["wrong"]!, 1));
        Assert.Contains("colour", ErrorOf(report["wrong"]!, 1));
        Assert.StartsWith("INVALID_FIELD", ErrorOf(report["malformed"]!), StringComparison.Ordinal);
        Assert.Equal(-32602, report["unknown"]!["code"]!.GetValue<int>());

        Assert.Equal("1", Text(report["notified"]!["lastSequence"]));
        Assert.Equal("Half of it is done.", Text(report["status"]!["lastEvents"]![0]!["message"]));
        Assert.Equal(["agentplatform://vault/{+path}", "agentplatform://sessions/{id}"], report["templates"]!.AsArray().Select(Text));
        var resources = report["resources"]!.AsArray().ToDictionary(r => Text(r!["uri"]), r => Text(r!["mimeType"]));
        Assert.Equal("text/csv", resources["agentplatform://vault/prices%20of%202026/list.csv"]);
        Assert.Contains($"agentplatform://sessions/{Text(report["session"]!["id"])}", resources.Keys);
        Assert.Equal("sku,price\nA,12\n", Text(report["file"]![0]!["text"]));
        Assert.Equal(-32000, report["large"]!["code"]!.GetValue<int>());
        Assert.Contains("larger than 4,000,000 bytes", Text(report["large"]!["message"]));
        Assert.Equal(["sku", "price"], report["table"]!["table"]!["columns"]!.AsArray().Select(c => Text(c!["name"])));
        Assert.Single(report["table"]!["rows"]!["rows"]!.AsArray());
        Assert.Contains("row_count", ErrorOf(report["tooMuch"]!, 1));
        Assert.Equal("Check the invoice", Text(report["session"]!["task"]));
        Assert.Equal(-32602, report["missing"]!["code"]!.GetValue<int>());
        Assert.Equal(-32002, report["none"]!["code"]!.GetValue<int>());
        Assert.Contains("FILE_NOT_FOUND", Text(report["none"]!["message"]));

        Assert.Contains("enough", Text(report["takenBack"]!["error"]));
        Assert.Contains("CANCELLED: ", Text(report["takenBack"]!["said"]));

        // What is not listed cannot be called either, and it is the service that says so.
        Assert.Contains("list_audit_entries", report["auditorTools"]!.AsArray().Select(Text));
        Assert.DoesNotContain("send_task", report["auditorTools"]!.AsArray().Select(Text));
        Assert.StartsWith("ROLE_MISSING: ", ErrorOf(report["denied"]!), StringComparison.Ordinal);
        Assert.DoesNotContain("list_audit_entries", report["tools"]!.AsArray().Select(Text));
    }

    [Fact]
    public async Task A_client_of_the_newest_revision_works_with_it_and_an_agent_sees_its_own()
    {
        var gateway = await platform.StartAsync("gateway");
        await using var agent = await ConnectAsync(gateway, Tokens.Agent("mcp-agent"));
        await using var other = await ConnectAsync(gateway, Tokens.Agent("mcp-other"));
        var tools = await agent.ListToolsAsync();
        Assert.Contains("send_task", tools.Select(t => t.Name));
        Assert.DoesNotContain("list_agents", tools.Select(t => t.Name));

        var asked = await agent.CallToolAsync("request_approval", new Dictionary<string, object?>
        {
            ["approverRole"] = "OPERATOR",
            ["action"] = "invoice.send",
            ["reason"] = "It is due.",
        });
        var id = asked.StructuredContent!.Value.GetProperty("approval").GetProperty("id").GetString();
        var own = await agent.CallToolAsync("get_approval", new Dictionary<string, object?> { ["id"] = id });
        Assert.Equal("mcp-agent", own.StructuredContent!.Value.GetProperty("approval").GetProperty("agentId").GetString());
        var foreign = await other.CallToolAsync("get_approval", new Dictionary<string, object?> { ["id"] = id });
        Assert.True(foreign.IsError);
        Assert.Contains("APPROVAL_NOT_FOUND", foreign.Content[0].ToString());

        // The audit log has it as it has every call, with the agent as its actor.
        var entries = await platform.AuditOfAsync($"approval/{id}");
        Assert.Equal("mcp-agent", entries[0].AgentId);
    }

    [Fact]
    public async Task A_repeat_within_ten_minutes_is_no_second_call()
    {
        await using var client = await ConnectAsync(await platform.StartAsync("gateway"), Tokens.Operator("olga-repeats"));
        foreach (var (tool, arguments) in new[]
        {
            ("send_task", new Dictionary<string, object?> { ["type"] = "invoice.check", ["fromRole"] = "sales", ["toRole"] = "finance" }),
            ("request_approval", new Dictionary<string, object?> { ["approverRole"] = "OPERATOR", ["action"] = "invoice.send", ["reason"] = "It is due." }),
        })
        {
            var first = await client.CallToolAsync(tool, arguments);
            platform.Clock.Advance(McpKey.Window - TimeSpan.FromMinutes(1));
            var second = await client.CallToolAsync(tool, arguments);
            Assert.Equal(first.StructuredContent!.Value.GetRawText(), second.StructuredContent!.Value.GetRawText());
            Assert.True(second.Meta?["agentplatform/replayed"]?.GetValue<bool>());
            // To do it again is possible, later.
            platform.Clock.Advance(TimeSpan.FromMinutes(2));
            var later = await client.CallToolAsync(tool, arguments);
            Assert.NotEqual(first.StructuredContent!.Value.GetRawText(), later.StructuredContent!.Value.GetRawText());
            Assert.Null(later.Meta?["agentplatform/replayed"]);
        }
    }

    [Fact]
    public void The_same_call_is_one_within_a_while_and_in_one_session()
    {
        var clock = new ManualClock();
        var now = new DateTimeOffset(2026, 4, 1, 12, 0, 1, TimeSpan.Zero);
        var request = new Contracts.Session.V1.GetSessionRequest { Id = "a" };
        var key = McpKey.Of("s", "tool", request, now);
        Assert.Equal(now - McpKey.Window, key.Since);
        // However long ago it is: whoever comes back for the answer brings the time of his call.
        Assert.Equal(key, McpKey.Of("s", "tool", request.Clone(), now));
        Assert.Equal(key.Key, McpKey.Of("s", "tool", request, now + TimeSpan.FromHours(5)).Key);
        Assert.Equal(4, new HashSet<string>
        {
            key.Key, McpKey.Of("t", "tool", request, now).Key, McpKey.Of("s", "other", request, now).Key,
            McpKey.Of("s", "tool", new Contracts.Session.V1.GetSessionRequest { Id = "b" }, now).Key,
        }.Count);

        var session = McpSession.Begin(clock);
        Assert.True(McpSession.IsAlive(session, clock));
        clock.Advance(McpSession.Lifetime);
        Assert.False(McpSession.IsAlive(session, clock));
        foreach (var bad in new[] { "", "x", Guid.NewGuid().ToString("N"), new string('f', 32), "ffffffffffff7fffbfffffffffffffff", Guid.CreateVersion7(clock.GetUtcNow().AddHours(1)).ToString("N") })
            Assert.False(McpSession.IsAlive(bad, clock), bad);
    }

    [Fact]
    public void A_call_goes_on_by_its_event_id_and_by_no_other()
    {
        var now = new DateTimeOffset(2026, 4, 1, 12, 0, 0, TimeSpan.Zero);
        var message = JsonSerializer.SerializeToUtf8Bytes(new { jsonrpc = "2.0", id = 1, method = "tools/call", @params = new { name = "send_task" } });
        var id = McpResume.IdOf(now, message)!;
        Assert.Equal(message, McpResume.CallOf(id, now + TimeSpan.FromMinutes(1))!.Value.Message);
        Assert.Equal(now, McpResume.CallOf(id, now + TimeSpan.FromMinutes(1))!.Value.MadeAt);
        Assert.Null(McpResume.CallOf(id, now + McpSession.Lifetime + TimeSpan.FromSeconds(1)));
        Assert.Null(McpResume.CallOf(id, now - TimeSpan.FromSeconds(1)));
        foreach (var bad in new[] { "", ".", "x.y", $"{now.ToUnixTimeMilliseconds()}.", $"{now.ToUnixTimeMilliseconds()}.!!", $"{now.ToUnixTimeMilliseconds()}.AAAA", "-1.AAAA" })
            Assert.True(McpResume.CallOf(bad, now) is null or { Message.Length: 0 }, bad);
        // What is too large for a header cannot be gone on with, nor what unfolds into very much.
        Assert.Null(McpResume.IdOf(now, System.Security.Cryptography.RandomNumberGenerator.GetBytes(20_000)));
        Assert.Null(McpResume.IdOf(now, new byte[300_000]));
    }

    private static Task<McpClient> ConnectAsync(IServiceHost gateway, string token) => McpClient.CreateAsync(new HttpClientTransport(new HttpClientTransportOptions
    {
        Endpoint = new Uri(new Uri(gateway.HttpAddress), McpMiddleware.Path),
        TransportMode = HttpTransportMode.StreamableHttp,
        AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {token}" },
    }));

    private static string Text(JsonNode? node) => node!.GetValue<string>();

    private static bool Flag(JsonNode? node) => node!.GetValue<bool>();

    private static string ErrorOf(JsonNode result, int part = 0)
    {
        Assert.True(Flag(result["isError"]));
        return Text(result["content"]![part]!["text"]);
    }
}
