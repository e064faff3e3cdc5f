using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Costings;

/// <summary>The RPCs of costings. See costing.proto for what each promises.</summary>
public sealed class CostingService(
    Database database, PriceStore prices, CostingStore costings, OrganisationCalendar calendar, Contracts.Session.V1.SessionService.SessionServiceClient sessions)
    : Contracts.Costing.V1.CostingService.CostingServiceBase
{
    public override async Task<ProposeCostingResponse> ProposeCosting(ProposeCostingRequest request, ServerCallContext context)
    {
        CostingRules.Check(request, out var sessionId);
        // Before the work begins: no transaction waits for another service.
        if (sessionId is { } id)
            await CheckSessionAsync(id);

        await using var work = await database.BeginAsync(context);
        var today = calendar.Today;
        var inForce = (await prices.FindAsync(work, request.Lines.Select(l => (l.Sku, today)))).Values.ToDictionary(p => p.Sku);
        var (lines, total) = CostingRules.Price(request.Lines, inForce);
        var costing = costings.Propose(work, request.BookingRef, sessionId, lines, total);
        work.Audit("costing.propose", $"costing/{costing.Id}",
            [("booking_ref", costing.BookingRef), ("lines", $"{lines.Count}"), ("total", total.ToString()), ("digest", costing.Digest)]);
        return await work.CommitAsync(new ProposeCostingResponse { Costing = costing.ToProto() });
    }

    public override async Task<DecideCostingResponse> DecideCosting(DecideCostingRequest request, ServerCallContext context)
    {
        CostingRules.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var costing = Visible(await costings.FindToDecideAsync(work, id), id, work.Caller);
        CostingRules.CheckDecision(costing, request.Digest, work.Caller);

        var status = request.Decision == Decision.Approve ? CostingStatus.Approved : CostingStatus.Rejected;
        var decided = costings.Decide(work, costing, status, request.Reason);
        work.Audit("costing.decide", $"costing/{id}",
            [("decision", EnumText.Of(status)), ("booking_ref", decided.BookingRef), ("total", decided.Total.ToString()), ("digest", decided.Digest),
                ("proposed_by", decided.ProposedBy), ("reason", request.Reason)],
            authorizedBy: work.Caller.Subject);
        return await work.CommitAsync(new DecideCostingResponse { Costing = decided.ToProto() });
    }

    public override async Task<GetCostingResponse> GetCosting(GetCostingRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        var costing = await costings.FindAsync(id, context);
        return new GetCostingResponse { Costing = Visible(costing, id, context.Caller()).ToProto() };
    }

    public override async Task<ListCostingsResponse> ListCostings(ListCostingsRequest request, ServerCallContext context)
    {
        CostingRules.Check(request);
        var agentId = context.Caller().NarrowTo(request.AgentId);
        var page = PageRequest.Read("costings", request.PageSize, request.PageToken, request.Status, request.BookingRef, agentId);

        var fetched = await costings.ListAsync(page, request.Status, request.BookingRef, agentId, context);
        var (rows, next) = page.Cut(fetched, c => c.Id.ToString());
        return new ListCostingsResponse { Costings = { rows.Select(c => c.ToProto()) }, NextPageToken = next };
    }

    // Asked with the caller's own token, so that another agent's session is none.
    private async Task CheckSessionAsync(Guid id)
    {
        try
        {
            await sessions.GetSessionAsync(new GetSessionRequest { Id = id.ToString() });
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.NotFound)
        {
            throw Errors.InvalidArgument("session_id", "is no session of yours");
        }
    }

    // To an agent, another's costing is as if it were not there.
    private static CostingRecord Visible(CostingRecord? costing, Guid id, Caller caller) =>
        costing is not null && caller.MaySee(costing.AgentId) ? costing
            : throw Errors.NotFound("COSTING_NOT_FOUND", $"There is no costing {id}.");
}
