using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.ApprovalService.ApprovalServiceClient;

namespace AgentPlatform.Tests.Sessions;

public sealed class ApprovalBatchTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task What_is_refused_holds_up_none_of_the_others_and_is_on_record()
    {
        var (agent, person) = (await As(Tokens.Agent("batcher")), await As(Tokens.Operator("olga")));
        var (good, bad, high, late) = (await AskAsync(agent), await AskAsync(agent), await AskAsync(agent, Role.Superuser), await AskAsync(agent));
        await person.DecideApprovalAsync(Decide(late, ApprovalDecision.Reject));
        var unknown = new DecideApprovalRequest(Decide(good, ApprovalDecision.Approve)) { Id = Guid.CreateVersion7().ToString() };

        var answer = await person.BatchDecideApprovalsAsync(new BatchDecideApprovalsRequest
        {
            Decisions =
            {
                Decide(late, ApprovalDecision.Approve), Decide(good, ApprovalDecision.Approve),
                new DecideApprovalRequest(Decide(bad, ApprovalDecision.Approve)) { Digest = new string('0', 64) }, Decide(high, ApprovalDecision.Approve), unknown,
            },
        });

        Assert.Equal([late.Id, good.Id, bad.Id, high.Id, unknown.Id], answer.Results.Select(r => r.Id));
        Assert.Equal(["ALREADY_DECIDED", "", "DIGEST_MISMATCH", "NOT_THE_APPROVER", "APPROVAL_NOT_FOUND"], answer.Results.Select(r => r.Refusal?.Reason ?? ""));
        Assert.Equal("user:olga", answer.Results[0].Refusal.Facts["decided_by"]);
        Assert.Equal((int)StatusCode.PermissionDenied, answer.Results[3].Refusal.Code);
        Assert.Equal(ApprovalStatus.ApprovalApproved, answer.Results[1].Approval.Status);
        Assert.Equal(answer.Results[1].Approval, (await agent.GetApprovalAsync(new GetApprovalRequest { Id = good.Id })).Approval);
        Assert.Equal(ApprovalStatus.ApprovalPending, (await agent.GetApprovalAsync(new GetApprovalRequest { Id = bad.Id })).Approval.Status);

        var refused = (await platform.AuditOfAsync($"approval/{bad.Id}", 2)).Single(e => e.Operation == "approval.decide");
        Assert.Equal(Outcome.Denied, refused.Outcome);
        Assert.Equal(Outcome.Ok, (await platform.AuditOfAsync($"approval/{good.Id}", 2)).Single(e => e.Operation == "approval.decide").Outcome);
    }

    [Fact]
    public async Task Two_batches_over_the_same_approvals_decide_each_once()
    {
        var agent = await As(Tokens.Agent("contested"));
        await using var other = await platform.StartAnotherAsync("session");
        for (var round = 0; round < 5; round++)
        {
            var asked = new List<Approval>();
            for (var i = 0; i < 8; i++)
                asked.Add(await AskAsync(agent));
            var upward = new BatchDecideApprovalsRequest { Decisions = { asked.Select(a => Decide(a, ApprovalDecision.Approve)) } };
            var downward = new BatchDecideApprovalsRequest { Decisions = { Enumerable.Reverse(asked).Select(a => Decide(a, ApprovalDecision.Reject)) } };
            var answers = await Task.WhenAll(
                (await As(Tokens.Operator("ann"))).BatchDecideApprovalsAsync(upward).ResponseAsync,
                platform.Client<Client>(other.GrpcAddress, Tokens.Operator("bob")).BatchDecideApprovalsAsync(downward).ResponseAsync);
            Assert.Equal(asked.Count, answers.Sum(a => a.Results.Count(r => r.Approval is not null)));
            Assert.All(answers.SelectMany(a => a.Results).Where(r => r.Refusal is not null), r => Assert.Equal("ALREADY_DECIDED", r.Refusal.Reason));
        }
    }

    [Fact]
    public async Task A_batch_of_nothing_of_too_many_or_of_one_twice_is_refused()
    {
        var person = await As(Tokens.Operator("olga"));
        Task TryAsync(params DecideApprovalRequest[] decisions) => person.BatchDecideApprovalsAsync(new BatchDecideApprovalsRequest { Decisions = { decisions } }).ResponseAsync;
        DecideApprovalRequest Any() => new() { Id = Guid.CreateVersion7().ToString(), Decision = ApprovalDecision.Approve, Digest = new string('0', 64) };
        var twin = Any();
        await Refusal.ExpectFieldsAsync(() => TryAsync(), "decisions");
        await Refusal.ExpectFieldsAsync(() => TryAsync([.. Enumerable.Range(0, 101).Select(_ => Any())]), "decisions");
        await Refusal.ExpectFieldsAsync(() => TryAsync(twin, twin), "decisions");
        await Refusal.ExpectFieldsAsync(() => TryAsync(Any(), new DecideApprovalRequest { Id = "x" }), "decisions[1].id", "decisions[1].decision", "decisions[1].digest");
    }

    private static DecideApprovalRequest Decide(Approval seen, ApprovalDecision decision) => new() { Id = seen.Id, Decision = decision, Digest = seen.Digest };

    private static async Task<Approval> AskAsync(Client agent, Role approver = Role.Operator) =>
        (await agent.RequestApprovalAsync(new RequestApprovalRequest { ApproverRole = approver, Action = "mail.send", Reason = "It is ready." })).Approval;

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);
}
