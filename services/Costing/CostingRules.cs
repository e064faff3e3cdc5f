using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;

namespace AgentPlatform.Costings;

/// <summary>What a costing may be, how its lines are priced, and who may decide it. No I/O.</summary>
public static class CostingRules
{
    public const int BookingRefMaximumCharacters = 128;
    public const int MaximumLines = 200;
    public const long MaximumQuantityMilli = 1_000_000_000;

    // Enough to see what is wrong, and little enough for the metadata in which errors travel.
    private const int NamedSkusMaximum = 10;

    public static void Check(ProposeCostingRequest request, out Guid? sessionId)
    {
        var checks = new FieldChecks()
            .BookingRef(request.BookingRef)
            .Require(request.Lines.Count is >= 1 and <= MaximumLines, "lines", $"are {request.Lines.Count:N0}; 1–{MaximumLines} are allowed");
        // A message may hold hundreds of thousands of lines; those beyond the limit are not worth a look.
        for (var i = 0; i < Math.Min(request.Lines.Count, MaximumLines); i++)
            checks
                .Sku($"lines[{i}].sku", request.Lines[i].Sku)
                .Require(request.Lines[i].QuantityMilli is >= 1 and <= MaximumQuantityMilli, $"lines[{i}].quantity_milli", $"must be 1–{MaximumQuantityMilli:N0}");
        sessionId = null;
        if (request.SessionId.Length > 0)
        {
            checks.Id("session_id", request.SessionId, out var id);
            sessionId = id;
        }
        checks.ThrowIfAny();
    }

    public static void Check(DecideCostingRequest request, out Guid id)
    {
        var checks = new FieldChecks()
            .Id("id", request.Id, out id)
            .Known("decision", request.Decision)
            .Digest("digest", request.Digest);
        if (request.Decision == Decision.Reject)
            checks.Words("reason", request.Reason, CostingChecks.ReasonMaximumCharacters);
        else
            checks.Text("reason", request.Reason, CostingChecks.ReasonMaximumCharacters);
        checks.ThrowIfAny();
    }

    public static void Check(ListCostingsRequest request)
    {
        var checks = new FieldChecks().KnownOrUnspecified("status", request.Status);
        if (request.BookingRef.Length > 0)
            checks.BookingRef(request.BookingRef);
        if (request.AgentId.Length > 0)
            checks.DottedName("agent_id", request.AgentId);
        checks.ThrowIfAny();
    }

    /// <summary>Prices the lines from the catalogue, each rounded for itself, and adds them up.</summary>
    public static (IReadOnlyList<CostingLineRecord> Lines, Amount Total) Price(
        IReadOnlyList<ProposedLine> proposed, IReadOnlyDictionary<string, PriceRecord> prices)
    {
        CheckPriced(proposed, prices);
        var currency = OneCurrency(prices.Values);
        var lines = proposed.Select(line =>
        {
            var price = prices[line.Sku];
            return new CostingLineRecord(line.Sku, price.Terms.Description, line.QuantityMilli, price.Terms.UnitPrice, price.Version, price.Terms.UnitPrice.Times(line.QuantityMilli));
        }).ToList();
        var total = Amount.Sum(currency, lines.Select(l => l.Amount));

        // Prices are not negative, so when the total is within the limit each line is.
        new FieldChecks()
            .Require(total.IsWithinLimit, "lines", $"add up to more than {currency} {Amount.MaximumUnits:N0}")
            .ThrowIfAny();
        return (lines, total);
    }

    /// <summary>Refuses the proposer, a second decision, and a decision on anything but what the decider saw.</summary>
    public static void CheckDecision(CostingRecord costing, string digest, Caller decider)
    {
        if (decider.Subject == costing.ProposedBy)
            throw Errors.PermissionDenied("PROPOSER_MAY_NOT_DECIDE", "Who proposed a costing does not decide it.");
        if (costing.Status != CostingStatus.PendingReview)
            throw ReviewRules.AlreadyDecided($"Costing {costing.Id}", EnumText.Of(costing.Status), costing.ReviewedBy!);
        // Computed anew: the stored digest says what the content was, not what it is.
        ReviewRules.CheckDigest($"costing {costing.Id}", digest, CostingDigest.Of(costing));
    }

    /// <summary>The refusal of a proposal for a booking whose last one waits still.</summary>
    public static PlatformException AlreadyPending() =>
        Errors.AlreadyExists("COSTING_PENDING", "The booking has a costing that waits for a decision already.");

    private static void CheckPriced(IEnumerable<ProposedLine> proposed, IReadOnlyDictionary<string, PriceRecord> prices)
    {
        var missing = proposed.Select(l => l.Sku).Distinct().Where(sku => !prices.ContainsKey(sku)).ToList();
        if (missing.Count == 0)
            return;
        var named = string.Join(", ", missing.Take(NamedSkusMaximum));
        throw new PlatformException(StatusCode.FailedPrecondition, "PRICE_NOT_FOUND",
            $"The catalogue has no price of {named}{(missing.Count > NamedSkusMaximum ? $" and {missing.Count - NamedSkusMaximum} more" : "")}.")
        {
            Facts = new Dictionary<string, string> { ["skus"] = named },
        };
    }

    private static string OneCurrency(IEnumerable<PriceRecord> prices)
    {
        var currencies = prices.Select(p => p.Terms.UnitPrice.Currency).Distinct().Order().Take(NamedSkusMaximum).ToList();
        return currencies.Count == 1 ? currencies[0]
            : throw Errors.FailedPrecondition("MIXED_CURRENCIES", $"The lines' prices are in {string.Join(", ", currencies)}; a costing has one currency.");
    }

    // One booking, one reference: with blanks at an end or control characters in it, another would look the same.
    private static FieldChecks BookingRef(this FieldChecks checks, string value) => checks
        .Text("booking_ref", value, BookingRefMaximumCharacters, minimum: 1)
        .Require(value.Trim() == value && !value.Any(char.IsControl), "booking_ref", "has white space at an end, or control characters");
}
