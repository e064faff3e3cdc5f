using System.Globalization;
using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Costings;

/// <summary>The RPCs of costings. See costing.proto for what each promises.</summary>
public sealed class CostingService(
    Database database, CostingStore store, CostingExplainer explainer, OrganisationCalendar calendar, CostingSettings settings, Follower follower,
    Contracts.Session.V1.SessionService.SessionServiceClient sessions)
    : Contracts.Costing.V1.CostingService.CostingServiceBase
{
    private const string Decided = "costing.decide";
    private const string Invoiced = "costing.invoice";

    public override async Task<ProposeCostingResponse> ProposeCosting(ProposeCostingRequest request, ServerCallContext context)
    {
        var lines = CostingRules.Read(request, calendar.Today, out var sessionId);
        // Before the work begins: no transaction waits for another service.
        if (sessionId is { } id)
            await CheckSessionAsync(id);

        await using var work = await database.BeginAsync(context);
        return await store.ProposeAsync(work, request.BookingRef, lines, prices =>
        {
            var costing = store.Add(work, request.BookingRef, sessionId, settings.TaxMillipercent, CostingRules.Price(lines, prices, settings.TaxMillipercent));
            work.Audit("costing.propose", $"costing/{costing.Id}",
                [("booking_ref", costing.BookingRef), ("lines", lines.Count.ToString(CultureInfo.InvariantCulture)), ("total", costing.Total.ToString()), ("digest", costing.Digest)]);
            return new ProposeCostingResponse { Costing = costing.ToProto() };
        });
    }

    public override Task<DecideCostingResponse> DecideCosting(DecideCostingRequest request, ServerCallContext context)
    {
        CostingRules.Check(request, out var id);
        return ReviewRules.OnRecordAsync(database, context, Decided, $"costing/{id}", () => DecideAsync(id, request, context));
    }

    public override Task<MarkInvoicedResponse> MarkInvoiced(MarkInvoicedRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();
        return ReviewRules.OnRecordAsync(database, context, Invoiced, $"costing/{id}", () => InvoiceAsync(id, context));
    }

    public override async Task<GetCostingResponse> GetCosting(GetCostingRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();
        return new GetCostingResponse { Costing = (await FindAsync(id, context)).ToProto() };
    }

    public override async Task<ListCostingsResponse> ListCostings(ListCostingsRequest request, ServerCallContext context)
    {
        CostingRules.Check(request);
        var agentId = context.Caller().NarrowTo(request.AgentId);
        var page = PageRequest.Read("costings", request.PageSize, request.PageToken, request.Status, request.BookingRef, agentId);

        var fetched = await store.ListAsync(page, request.Status, request.BookingRef, agentId, context);
        var (rows, next) = page.Cut(fetched, c => c.Id.ToString());
        return new ListCostingsResponse { Costings = { rows.Select(c => c.ToProto()) }, NextPageToken = next };
    }

    public override Task WatchCosting(WatchCostingRequest request, IServerStreamWriter<WatchCostingResponse> responseStream, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();
        return follower.RunAsync(context, CostingRules.TopicOf(id), () => FindAsync(id, context), costing => costing.Version, costing => costing.IsFinal,
            (costing, stop) => responseStream.WriteAsync(new WatchCostingResponse { Costing = costing.ToProto() }, stop));
    }

    public override async Task<ExplainCostingResponse> ExplainCosting(ExplainCostingRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();
        return await explainer.ExplainAsync(await FindAsync(id, context), context);
    }

    private async Task<DecideCostingResponse> DecideAsync(Guid id, DecideCostingRequest request, ServerCallContext context)
    {
        await using var work = await database.BeginAsync(context);
        var costing = CostingRules.Visible(await store.FindToChangeAsync(work, id), id, work.Caller);
        CostingRules.CheckDecision(costing, request.Digest, work.Caller);

        var decided = CostingStore.Change(work, costing with
        {
            Status = request.Decision == Decision.Approve ? CostingStatus.Approved : CostingStatus.Rejected,
            ReviewedBy = work.Caller.Subject,
            ReviewedAt = database.Now,
            ReviewReason = request.Reason,
        });
        work.Audit(Decided, $"costing/{id}",
            [("decision", EnumText.Of(decided.Status)), ("booking_ref", decided.BookingRef), ("total", decided.Total.ToString()), ("digest", decided.Digest),
                ("proposed_by", decided.ProposedBy), ("reason", request.Reason)],
            authorizedBy: work.Caller.Subject);
        return await work.CommitAsync(new DecideCostingResponse { Costing = decided.ToProto() });
    }

    private async Task<MarkInvoicedResponse> InvoiceAsync(Guid id, ServerCallContext context)
    {
        await using var work = await database.BeginAsync(context);
        var costing = CostingRules.Visible(await store.FindToChangeAsync(work, id), id, work.Caller);
        CostingRules.CheckInvoice(costing);

        // Last of all that may refuse or wait: whoever holds the year holds up all who want a number of it.
        var number = await CostingStore.TakeNumberAsync(work, calendar.Today.Year);
        var invoiced = CostingStore.Change(work, costing with { Status = CostingStatus.Invoiced, InvoiceNumber = number, InvoicedAt = database.Now, InvoicedBy = work.Caller.Subject });
        work.Audit(Invoiced, $"costing/{id}",
            [("invoice_number", number.ToString()), ("booking_ref", invoiced.BookingRef), ("total", invoiced.Total.ToString()), ("digest", invoiced.Digest)],
            authorizedBy: invoiced.ReviewedBy!);
        return await work.CommitAsync(new MarkInvoicedResponse { Costing = invoiced.ToProto() });
    }

    private async Task<CostingRecord> FindAsync(Guid id, ServerCallContext context) =>
        CostingRules.Visible(await store.FindAsync(id, context), id, context.Caller());

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
}
