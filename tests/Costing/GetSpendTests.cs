using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;
using static AgentPlatform.Tests.Costings.SpendCalls;
using Client = AgentPlatform.Contracts.Costing.V1.SpendService.SpendServiceClient;

namespace AgentPlatform.Tests.Costings;

public sealed class GetSpendTests(Platform platform) : IClassFixture<Platform>
{
    private static readonly string Session = Guid.CreateVersion7().ToString();

    [Fact]
    public async Task What_was_used_is_added_up_by_whatever_is_asked_for()
    {
        var (one, two) = (await As(Tests.Tokens.Agent("sum-1")), await As(Tests.Tokens.Agent("sum-2")));
        await one.RecordAsync(Usd(1), Session);
        await one.RecordAsync(Usd(2, 500_000_000));
        await one.RecordUsageAsync(new RecordUsageRequest { Usage = new Usage { Kind = UsageKind.Minutes, QuantityMilli = 1_500, Cost = Usd(4) }, SessionId = Session });
        await two.RecordAsync(Usd(8), Session);
        var person = await As(Tests.Tokens.Operator());

        Assert.Equal([("sum-1", 3, Usd(7, 500_000_000)), ("sum-2", 1, Usd(8))],
            (await person.GetSpendAsync(new GetSpendRequest { GroupBy = { SpendBy.Agent } })).Rows.Select(r => (r.AgentId, r.UsageCount, r.Cost)));
        Assert.Equal([("", Usd(2, 500_000_000)), (Session, Usd(13))],
            (await person.GetSpendAsync(new GetSpendRequest { GroupBy = { SpendBy.Session } })).Rows.Select(r => (r.SessionId, r.Cost)));
        Assert.Equal([(UsageKind.Minutes, 1_500, Usd(4)), (UsageKind.ModelTokens, 2_000_000, Usd(3, 500_000_000))],
            (await person.GetSpendAsync(new GetSpendRequest { GroupBy = { SpendBy.Kind }, AgentId = "sum-1" })).Rows.Select(r => (r.Kind, r.QuantityMilli, r.Cost)));
        Assert.Equal(Usd(13), Assert.Single((await person.GetSpendAsync(new GetSpendRequest { SessionId = Session })).Rows).Cost);
        Assert.Equal(Usd(7, 500_000_000), Assert.Single((await one.GetSpendAsync(new GetSpendRequest())).Rows).Cost);
        Assert.Empty((await person.GetSpendAsync(new GetSpendRequest { StartDate = "2020-01-01", EndDate = "2020-12-31" })).Rows);
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await one.GetSpendAsync(new GetSpendRequest { AgentId = "sum-2" }));

        var seen = new List<SpendRow>();
        var request = new GetSpendRequest { GroupBy = { SpendBy.Agent, SpendBy.Session, SpendBy.Day, SpendBy.Kind }, PageSize = 1 };
        do
        {
            var page = await person.GetSpendAsync(request);
            seen.AddRange(page.Rows);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        request.PageSize = 500;
        Assert.Equal(4, seen.Count);
        Assert.Equal((await person.GetSpendAsync(request)).Rows, seen);
    }

    [Fact]
    public async Task A_wrong_field_is_named()
    {
        var person = await As(Tests.Tokens.Operator());
        await Refusal.ExpectFieldsAsync(async () => await person.GetSpendAsync(new GetSpendRequest { AgentId = "A", SessionId = "x", StartDate = "x", GroupBy = { (SpendBy)99 } }),
            "agent_id", "session_id", "start_date", "group_by");
        await Refusal.ExpectFieldsAsync(async () => await person.GetSpendAsync(new GetSpendRequest { StartDate = "2026-01-02", EndDate = "2026-01-01" }), "end_date");
        await Refusal.ExpectFieldsAsync(async () => await person.GetSpendAsync(new GetSpendRequest { StartDate = "2026-01-01", EndDate = "2027-01-02" }), "end_date");
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);
}
