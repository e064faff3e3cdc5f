using Grpc.Core;
using static AgentPlatform.Tests.Costings.CostingCalls;
using Client = AgentPlatform.Contracts.Costing.V1.CostingService.CostingServiceClient;

namespace AgentPlatform.Tests.Costings;

/// <summary>Costing while Session does not answer: nothing listens on port 1.</summary>
public sealed class CostingWithoutSessionTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public CostingWithoutSessionTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["costing"] = new() { ["services:session:grpc:0"] = "http://127.0.0.1:1" };
    }

    [Fact]
    public async Task A_proposal_that_names_a_session_is_unavailable_and_one_that_names_none_goes_on()
    {
        await _platform.SetPriceAsync("TENT", Zar(10));
        var agent = await _platform.ClientAsync<Client>(Tokens.Agent("alone"));
        var request = Proposal("BK-ALONE", ("TENT", 1_000));
        request.SessionId = Guid.CreateVersion7().ToString();

        await Refusal.ExpectAsync(StatusCode.Unavailable, "DEPENDENCY_UNAVAILABLE", async () => await agent.ProposeCostingAsync(request));
        Assert.Equal(Zar(10), (await agent.ProposeAsync("BK-ALONE", ("TENT", 1_000))).Total);
    }
}
