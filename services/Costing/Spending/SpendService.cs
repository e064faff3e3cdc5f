using System.Globalization;
using AgentPlatform.Contracts.Costing.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Costings;

/// <summary>The RPCs of what agents spend. See spend.proto for what each promises.</summary>
public sealed class SpendService(Database database, SpendStore store, SpendMetrics metrics, OrganisationCalendar calendar) : Contracts.Costing.V1.SpendService.SpendServiceBase
{
    public override async Task<ReserveSpendResponse> ReserveSpend(ReserveSpendRequest request, ServerCallContext context)
    {
        var amount = SpendRules.Read(request, out var sessionId, out var expiresIn);
        var (now, today) = (database.Now, calendar.Today);
        var (id, expiresAt) = (Guid.CreateVersion7(now), now + expiresIn);

        await using var work = await database.BeginAsync(context);
        var reserved = await store.ReserveAsync(work, today, id, amount, outcome =>
        {
            SpendStore.AddReservation(work, id, sessionId, amount, outcome.BudgetIds, expiresAt);
            work.Audit("spend.reserve", $"reservation/{id}", [("amount", amount.ToExactText())]);
            Warn(work, outcome);
            return new ReserveSpendResponse
            {
                Reservation = new Reservation { Id = id.ToString(), Amount = amount.ToMoney(), ExpireTime = expiresAt.ToTimestamp() },
                SoftLimitBudgetIds = { outcome.Reached.Select(b => b.ToString()) },
            };
        });
        if (reserved is not null)
            return reserved;
        metrics.Refused();
        throw SpendRules.WhyRefused(await SpendStore.FindMineAsync(work, today), amount, calendar);
    }

    public override async Task<SettleSpendResponse> SettleSpend(SettleSpendRequest request, ServerCallContext context)
    {
        var cost = SpendRules.Read(request, out var reservationId);
        var (usageId, today) = (Guid.CreateVersion7(database.Now), calendar.Today);

        await using var work = await database.BeginAsync(context);
        var settled = await store.SettleAsync(work, today, reservationId, cost, reservation =>
        {
            var overrun = SpendRules.Overrun(cost, reservation.SetAside);
            store.AddUsage(work, today, usageId, reservation.SessionId, request.Usage, cost, reservationId);
            work.Audit("spend.settle", $"reservation/{reservationId}",
                [("cost", cost.ToExactText()), ("overrun", overrun.ToExactText()), .. DetailsOf(request.Usage)]);
            Warn(work, reservation.Outcome);
            return new SettleSpendResponse
            {
                UsageId = usageId.ToString(),
                Overrun = overrun.Nanos > 0 ? overrun.ToMoney() : null,
                SoftLimitBudgetIds = { reservation.Outcome.Reached.Select(b => b.ToString()) },
            };
        });
        return settled ?? throw SpendRules.WhyNotSettled(reservationId, await SpendStore.FindStatusAsync(work, reservationId), cost);
    }

    public override async Task<RecordUsageResponse> RecordUsage(RecordUsageRequest request, ServerCallContext context)
    {
        var cost = SpendRules.Read(request, out var sessionId);
        var (usageId, today) = (Guid.CreateVersion7(database.Now), calendar.Today);

        await using var work = await database.BeginAsync(context);
        var recorded = await store.SpendAsync(work, today, usageId, cost, outcome =>
        {
            store.AddUsage(work, today, usageId, sessionId, request.Usage, cost, null);
            work.Audit("spend.record", $"usage/{usageId}", [("cost", cost.ToExactText()), .. DetailsOf(request.Usage)]);
            Warn(work, outcome);
            return new RecordUsageResponse { UsageId = usageId.ToString(), SoftLimitBudgetIds = { outcome.Reached.Select(b => b.ToString()) } };
        });
        return recorded ?? throw SpendRules.WhyRefused(await SpendStore.FindMineAsync(work, today), cost, calendar);
    }

    public override async Task<GetSpendResponse> GetSpend(GetSpendRequest request, ServerCallContext context)
    {
        var filter = SpendRules.Read(request, context.Caller(), calendar.Today);
        var page = PageRequest.Read("spend", request.PageSize, request.PageToken, filter.Start, filter.End, filter.AgentId, filter.SessionId, string.Join(' ', filter.GroupBy.Order()));

        var (rows, next) = page.Cut(await store.SumAsync(page, filter, context), r => r.Key);
        return new GetSpendResponse { Rows = { rows.Select(r => r.ToProto()) }, NextPageToken = next };
    }

    // Once each time that a soft limit is reached; the answers say so as long as it lasts.
    private static void Warn(UnitOfWork work, SpendOutcome outcome)
    {
        foreach (var budget in outcome.Crossed)
            work.Audit("budget.reach_soft_limit", $"budget/{budget}");
    }

    private static (string, string)[] DetailsOf(Usage usage) =>
        [("kind", EnumText.Of(usage.Kind)), ("quantity_milli", usage.QuantityMilli.ToString(CultureInfo.InvariantCulture)), ("resource", usage.Resource)];
}
