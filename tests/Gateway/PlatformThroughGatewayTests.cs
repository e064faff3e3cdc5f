using System.Net;
using AgentPlatform.Contracts.Operations.V1;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Operations.V1.OperationsService.OperationsServiceClient;

namespace AgentPlatform.Tests.Gateways;

/// <summary>What the services say must arrive as they said it.</summary>
public sealed class PlatformThroughGatewayTests(Platform platform) : IClassFixture<Platform>
{
    private const int FileBytes = 3_000_000;
    private const string ServiceHeader = AgentPlatform.OperationsService.ServiceHeader;

    [Fact]
    public async Task Refusals_of_a_service_keep_their_details()
    {
        var sessions = await ClientAsync<SessionService.SessionServiceClient>(Tokens.Operator());
        await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND",
            async () => await sessions.GetSessionAsync(new GetSessionRequest { Id = Guid.CreateVersion7().ToString() }));
        await Refusal.ExpectFieldsAsync(async () => await sessions.GetSessionAsync(new GetSessionRequest { Id = "no-uuid" }), "id");

        var auditor = await ClientAsync<SessionService.SessionServiceClient>(Tokens.Auditor());
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "ROLE_MISSING",
            async () => await auditor.CreateSessionAsync(new CreateSessionRequest { Role = "finance" }));
    }

    [Fact]
    public async Task A_repeat_is_answered_from_store_and_says_so()
    {
        var agent = await ClientAsync<SessionService.SessionServiceClient>(Tokens.Agent("repeater"));
        var request = new CreateSessionRequest { Role = "finance" };
        var first = await agent.CreateSessionAsync(request, new Metadata { { IdempotencyInterceptor.KeyHeader, "gateway-repeat" } });
        using var repeat = agent.CreateSessionAsync(request, new Metadata { { IdempotencyInterceptor.KeyHeader, "gateway-repeat" } });
        Assert.Equal(first, await repeat);
        Assert.Equal("true", repeat.GetTrailers().GetValue(IdempotencyInterceptor.ReplayedTrailer));
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_while_it_is_still_being_sent()
    {
        var agent = await ClientAsync<SessionService.SessionServiceClient>(Tokens.Agent("talker"));
        var request = new CreateSessionRequest { Role = "finance", Task = new string('x', MessageLimits.ReceiveBytes * 2) };
        // Refusal and message pass each other on the way; more than one try meets more than one order of things.
        for (var i = 0; i < 10; i++)
            await Refusal.ExpectAsync(StatusCode.ResourceExhausted, "MESSAGE_TOO_LARGE", async () => await agent.CreateSessionAsync(request));
    }

    [Fact]
    public async Task A_method_that_a_service_has_not_is_unimplemented()
    {
        var gateway = await platform.StartAsync("gateway");
        using var client = new EchoClient(gateway.GrpcAddress, Tokens.Operator());
        await Refusal.ExpectAsync(StatusCode.Unimplemented, "METHOD_NOT_FOUND", async () => await client.Unary());
    }

    [Fact]
    public async Task The_audit_log_has_the_callers_address_and_not_what_the_caller_says_it_is()
    {
        var agent = await ClientAsync<SessionService.SessionServiceClient>(Tokens.Agent("somewhere"));
        var created = await agent.CreateSessionAsync(new CreateSessionRequest { Role = "finance" }, new Metadata { { "x-forwarded-for", "203.0.113.9" } });
        var entry = Assert.Single(await platform.AuditOfAsync($"session/{created.Session.Id}"));
        Assert.Equal("127.0.0.1", entry.SourceAddress);
    }

    [Fact]
    public async Task A_file_streams_through_whole()
    {
        var content = new byte[FileBytes];
        Random.Shared.NextBytes(content);
        "%PDF-1.7"u8.CopyTo(content);
        await File.WriteAllBytesAsync(Path.Combine(platform.VaultRoot, "large.pdf"), content);
        var vault = await ClientAsync<VaultService.VaultServiceClient>(Tokens.Operator("reader"));

        var read = new MemoryStream();
        using var call = vault.ReadFile(new ReadFileRequest { Path = "large.pdf" });
        await foreach (var part in call.ResponseStream.ReadAllAsync())
        {
            if (part.PartCase == ReadFileResponse.PartOneofCase.Chunk)
                part.Chunk.WriteTo(read);
        }

        Assert.Equal(content, read.ToArray());
    }

    [Theory]
    [InlineData("session")]
    [InlineData("audit")]
    [InlineData("vault")]
    public async Task What_every_service_has_for_itself_is_answered_by_the_one_that_the_metadata_names(string service)
    {
        var operations = await ClientAsync<Client>(Tokens.Auditor());
        async Task<string> AskAsync(string about) => (await operations.GetPoolStatisticsAsync(
            new GetPoolStatisticsRequest { Service = about }, new Metadata { { ServiceHeader, service } })).Service;

        Assert.Equal(service, await AskAsync(service));
        await Refusal.ExpectAsync(StatusCode.NotFound, "SERVICE_UNKNOWN", () => AskAsync("costing"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Session")]
    [InlineData("erewhon")]
    public async Task Without_the_name_of_a_service_such_a_method_does_not_exist(string? service)
    {
        var operations = await ClientAsync<Client>(Tokens.Auditor());
        var headers = service is null ? [] : new Metadata { { ServiceHeader, service } };
        await Refusal.ExpectAsync(StatusCode.Unimplemented, "METHOD_NOT_FOUND",
            async () => await operations.GetPoolStatisticsAsync(new GetPoolStatisticsRequest { Service = "session" }, headers));
    }

    [Fact]
    public async Task All_services_are_healthy()
    {
        var gateway = await platform.StartAsync("gateway");
        using var http = new HttpClient();
        await Eventually.TrueAsync(async () => (await http.GetAsync($"{gateway.HttpAddress}/health")).StatusCode == HttpStatusCode.OK, "the gateway is healthy");
    }

    private async Task<TClient> ClientAsync<TClient>(string token) where TClient : ClientBase<TClient> =>
        await platform.ClientAsync<TClient>("gateway", token);
}
