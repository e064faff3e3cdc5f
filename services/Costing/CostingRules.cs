using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;

namespace AgentPlatform.Costings;

/// <summary>What a costing may be, how its lines are priced, who may decide it, and when it may be invoiced. No I/O.</summary>
public static class CostingRules
{
    public const int BookingRefMaximumCharacters = 128;
    public const int MaximumLines = 200;
    public const long MaximumQuantityMilli = 1_000_000_000;
    public const int MaximumDiscountBasisPoints = 10_000;

    // Enough to see what is wrong, and little enough for the metadata in which errors travel.
    private const int NamedSkusMaximum = 10;

    public static IReadOnlyList<LineRequest> Read(ProposeCostingRequest request, DateOnly today, out Guid? sessionId)
    {
        var checks = new FieldChecks()
            .BookingRef(request.BookingRef)
            .OptionalId("session_id", request.SessionId, out sessionId)
            .Require(request.Lines.Count is >= 1 and <= MaximumLines, "lines", $"are {request.Lines.Count:N0}; 1–{MaximumLines} are allowed");
        var lines = new List<LineRequest>();
        // A message may hold hundreds of thousands of lines; those beyond the limit are not worth a look.
        foreach (var line in request.Lines.Take(MaximumLines))
        {
            var field = $"lines[{lines.Count}]";
            checks
                .Sku($"{field}.sku", line.Sku)
                .Require(line.QuantityMilli is >= 1 and <= MaximumQuantityMilli, $"{field}.quantity_milli", $"must be 1–{MaximumQuantityMilli:N0}")
                .OptionalDay($"{field}.date", line.Date, out var day)
                .Require(line.DiscountBasisPoints is >= 0 and <= MaximumDiscountBasisPoints, $"{field}.discount_basis_points", $"must be 0–{MaximumDiscountBasisPoints:N0}");
            lines.Add(new LineRequest(line.Sku, day ?? today, line.QuantityMilli, line.DiscountBasisPoints));
        }
        checks.ThrowIfAny();
        return lines;
    }

    public static void Check(DecideCostingRequest request, out Guid id)
    {
        var checks = new FieldChecks().Id("id", request.Id, out id).Known("decision", request.Decision).Digest("digest", request.Digest);
        if (request.Decision == Decision.Reject)
            checks.Words("reason", request.Reason, CostingChecks.ReasonMaximumCharacters);
        else
            checks.Text("reason", request.Reason, CostingChecks.ReasonMaximumCharacters);
        checks.ThrowIfAny();
    }

    public static void Check(ListCostingsRequest request)
    {
        var checks = new FieldChecks().KnownOrUnspecified("status", request.Status).OptionalName("agent_id", request.AgentId);
        if (request.BookingRef.Length > 0)
            checks.BookingRef(request.BookingRef);
        checks.ThrowIfAny();
    }

    /// <summary>Prices the lines, each rounded for itself, and adds them up; refuses what the catalogue does not have.</summary>
    public static IReadOnlyList<CostingLineRecord> Price(IReadOnlyList<LineRequest> lines, LinePrices prices, int taxMillipercent)
    {
        CheckPriced(lines, prices);
        CheckOneCurrency(prices);
        return [.. lines.Select((line, i) =>
        {
            var price = prices.ByNumber[i + 1];
            var amount = NetOf(price.UnitPrice, line.QuantityMilli, line.DiscountBasisPoints);
            return new CostingLineRecord(line.Sku, price.Description, line.Day, line.QuantityMilli, line.DiscountBasisPoints, price.UnitPrice, price.Version,
                amount, TaxOf(amount, taxMillipercent));
        })];
    }

    /// <summary>Quantity × price × (1 − discount), rounded once.</summary>
    public static Amount NetOf(Amount unitPrice, long quantityMilli, int discountBasisPoints) =>
        unitPrice.Times((Int128)quantityMilli * (MaximumDiscountBasisPoints - discountBasisPoints), 1_000 * MaximumDiscountBasisPoints);

    /// <summary>The tax on an amount, rounded.</summary>
    public static Amount TaxOf(Amount amount, int taxMillipercent) => amount.Times(taxMillipercent, CostingSettings.WholeMillipercent);

    /// <summary>Refuses totals that cannot be stored. Nothing is negative, so when the total is within the limit each part of it is.</summary>
    public static void CheckTotal(Amount total) => new FieldChecks()
        .Require(total.IsWithinLimit, "lines", $"add up to more than {total.Currency} {Amount.MaximumUnits:N0}")
        .ThrowIfAny();

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

    /// <summary>Whether a costing may have its number now: approved, not invoiced yet, and just what was approved.</summary>
    public static void CheckInvoice(CostingRecord costing)
    {
        if (costing.Status == CostingStatus.Invoiced)
            throw new PlatformException(StatusCode.FailedPrecondition, "ALREADY_INVOICED", $"Costing {costing.Id} is invoiced as {costing.InvoiceNumber}.")
            {
                Facts = new Dictionary<string, string> { ["invoice_number"] = costing.InvoiceNumber!.ToString() },
            };
        if (costing.Status != CostingStatus.Approved)
            throw new PlatformException(StatusCode.FailedPrecondition, "NOT_APPROVED", $"Costing {costing.Id} is {EnumText.Of(costing.Status)}.")
            {
                Facts = new Dictionary<string, string> { ["status"] = EnumText.Of(costing.Status) },
            };
        ReviewRules.CheckDigest($"costing {costing.Id}", costing.Digest, CostingDigest.Of(costing));
    }

    /// <summary>To an agent, another's costing is as if it were not there.</summary>
    public static CostingRecord Visible(CostingRecord? costing, Guid id, Caller caller) =>
        costing is not null && caller.MaySee(costing.AgentId) ? costing
            : throw Errors.NotFound("COSTING_NOT_FOUND", $"There is no costing {id}.");

    /// <summary>The refusal of a proposal for a booking whose last one waits still.</summary>
    public static PlatformException AlreadyPending() =>
        Errors.AlreadyExists("COSTING_PENDING", "The booking has a costing that waits for a decision already.");

    /// <summary>What watchers of a costing listen to.</summary>
    public static string TopicOf(Guid id) => $"costing/{id}";

    private static void CheckPriced(IReadOnlyList<LineRequest> lines, LinePrices prices)
    {
        var missing = lines.Where((_, i) => !prices.ByNumber.ContainsKey(i + 1)).Select(l => l.Sku).Distinct().ToList();
        if (missing.Count == 0)
            return;
        var named = string.Join(", ", missing.Take(NamedSkusMaximum));
        throw new PlatformException(StatusCode.FailedPrecondition, "PRICE_NOT_FOUND",
            $"The catalogue has no price of {named}{(missing.Count > NamedSkusMaximum ? $" and {missing.Count - NamedSkusMaximum} more" : "")} on the day of the line.")
        {
            Facts = new Dictionary<string, string> { ["skus"] = named },
        };
    }

    private static void CheckOneCurrency(LinePrices prices)
    {
        var currencies = prices.ByNumber.Values.Select(p => p.UnitPrice.Currency).Distinct().Order().Take(NamedSkusMaximum).ToList();
        if (currencies.Count > 1)
            throw Errors.FailedPrecondition("MIXED_CURRENCIES", $"The lines' prices are in {string.Join(", ", currencies)}; a costing has one currency.");
    }

    // One booking, one reference: with blanks at an end or control characters in it, another would look the same.
    private static FieldChecks BookingRef(this FieldChecks checks, string value) => checks
        .Text("booking_ref", value, BookingRefMaximumCharacters, minimum: 1)
        .Require(value.Trim() == value && !value.Any(char.IsControl), "booking_ref", "has white space at an end, or control characters");
}
