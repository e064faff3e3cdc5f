using System.Text.Json.Nodes;
using Grpc.Core;

namespace AgentPlatform.Tests.Gateways;

/// <summary>gRPC through the gateway from another language: @grpc/grpc-js, in all four ways.</summary>
public sealed class GrpcClientTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_client_in_Node_calls_and_streams_with_deadline_cancellation_and_metadata()
    {
        var gateway = await platform.StartAsync("gateway");
        var report = await NodeClient.RunAsync("grpc.mjs", new JsonObject
        {
            ["gateway"] = new Uri(gateway.GrpcAddress).Authority,
            ["protos"] = Repository.PathOf("protos"),
            ["agentToken"] = Tokens.Agent("node-caller"),
        }.ToJsonString());

        var unary = report.GetProperty("unary");
        Assert.Equal(("PENDING", "node-correlation"), (unary.GetProperty("status").GetString(), unary.GetProperty("correlation").GetString()));
        Assert.Equal((true, "true"), (unary.GetProperty("same").GetBoolean(), unary.GetProperty("replayed").GetString()));
        Assert.Equal([StatusCode.InvalidArgument, StatusCode.DeadlineExceeded], new[] { CodeOf("refused"), CodeOf("late") });
        Assert.True(report.GetProperty("watched").GetBoolean());
        Assert.Equal([StatusCode.Cancelled, StatusCode.DeadlineExceeded], new[] { CodeOf("cancelled"), CodeOf("expired") });
        Assert.Equal(("7", StatusCode.OK), (report.GetProperty("answered").GetString(), CodeOf("closed")));
        Assert.Equal((0, "3"), (report.GetProperty("streamed").GetProperty("code").GetInt32(), report.GetProperty("streamed").GetProperty("accepted").GetString()));

        StatusCode CodeOf(string name) => (StatusCode)report.GetProperty(name).GetInt32();
    }
}
