using AgentPlatform.Contracts.Costing.V1;
using static AgentPlatform.Contracts.Costing.V1.PriceListStatus;

namespace AgentPlatform.Costings;

/// <summary>What a price list may be, what it would change, and who may decide it. No I/O.</summary>
public static class PriceListRules
{
    public const int MaximumLines = 5_000;
    public const int SourceMaximumCharacters = 500;

    // Enough to see what is wrong, and little enough for the metadata in which errors travel.
    private const int NamedSkusMaximum = 10;

    public static IReadOnlyList<PriceTerms> Read(ProposePriceListRequest request, DateOnly today)
    {
        new FieldChecks()
            .Words("source", request.Source, SourceMaximumCharacters)
            .Words("reason", request.Reason, CostingChecks.ReasonMaximumCharacters)
            .Require(request.Lines.Count is >= 1 and <= MaximumLines, "lines", $"are {request.Lines.Count:N0}; 1–{MaximumLines:N0} are allowed")
            .ThrowIfAny();
        var (lines, skus) = (new List<PriceTerms>(request.Lines.Count), new HashSet<string>(StringComparer.Ordinal));
        foreach (var line in request.Lines)
        {
            new FieldChecks($"lines[{lines.Count}].")
                .Price(line, today, out var terms)
                .Require(skus.Add(line.Sku), "sku", "stands in another line too")
                .ThrowIfAny();
            lines.Add(terms);
        }
        return lines;
    }

    /// <summary>All but what the vault judges: the path's form, and how the table is to be read.</summary>
    public static void Check(ImportPriceListRequest request) => new FieldChecks()
        .Words("path", request.Path, SourceMaximumCharacters)
        .Words("reason", request.Reason, CostingChecks.ReasonMaximumCharacters)
        .Require(request.Currency.Length == 0 || Currencies.IsCode(request.Currency), "currency", "must be three capital letters as in ISO 4217")
        .OptionalDay("valid_from", request.ValidFrom, out _)
        .OptionalDay("valid_to", request.ValidTo, out _)
        .ThrowIfAny();

    /// <summary>The prices of a file; what is wrong with one names its row.</summary>
    public static IReadOnlyList<PriceTerms> Read(PriceFile file, DateOnly today)
    {
        if (file.Prices.Count == 0)
            throw Errors.FailedPrecondition("PRICE_FILE_EMPTY", "There is no price in the table.");
        var (checks, terms, rows) = (new FieldChecks(), new List<PriceTerms>(file.Prices.Count), new Dictionary<string, long>(StringComparer.Ordinal));
        foreach (var (row, price) in file.Prices)
        {
            checks.Within($"row {row}").Price(price, today, out var one)
                .Require(rows.TryAdd(price.Sku, row), "sku", $"is that of row {rows.GetValueOrDefault(price.Sku)}, too");
            terms.Add(one);
        }
        checks.ThrowIfAny();
        return terms;
    }

    public static void Check(DecidePriceListRequest request, out Guid id)
    {
        var checks = new FieldChecks().Id("id", request.Id, out id).Known("decision", request.Decision).Digest("digest", request.Digest);
        _ = request.Decision == Decision.Reject
            ? checks.Words("reason", request.Reason, CostingChecks.ReasonMaximumCharacters)
            : checks.Text("reason", request.Reason, CostingChecks.ReasonMaximumCharacters);
        checks.ThrowIfAny();
    }

    public static void Check(ListPriceListLinesRequest request, out Guid id) =>
        new FieldChecks().Id("id", request.Id, out id).KnownOrUnspecified("change", request.Change).ThrowIfAny();

    /// <summary>Holds each line against the price in force on its first day.</summary>
    public static List<PriceListLineRecord> Compare(
        IReadOnlyList<PriceTerms> lines, Dictionary<(string Sku, DateOnly Day), PriceRecord> inForce, Dictionary<string, long> latest) =>
        [.. lines.Select((terms, i) =>
        {
            var previous = inForce.GetValueOrDefault((terms.Sku, terms.ValidFrom));
            var change = previous is null ? PriceChange.New : terms.SaysTheSame(previous.Terms) ? PriceChange.Unchanged : PriceChange.Changed;
            return new PriceListLineRecord(i + 1, terms, change, latest.GetValueOrDefault(terms.Sku), previous?.Version ?? 0, previous);
        })];

    /// <summary>Refuses the proposer, a second decision, and a decision on anything but what the decider saw.</summary>
    public static void CheckDecision(PriceListRecord list, IReadOnlyCollection<PriceListLineRecord> lines, string digest, Caller decider)
    {
        if (decider.Subject == list.ProposedBy)
            throw Errors.PermissionDenied("PROPOSER_MAY_NOT_DECIDE", "Who proposed a price list does not decide it.");
        if (list.Status != PriceListPending)
            throw ReviewRules.AlreadyDecided($"Price list {list.Id}", NameOf(list.Status), list.ReviewedBy);
        // Computed anew: the stored digest says what the content was, not what it is.
        ReviewRules.CheckDigest($"price list {list.Id}", digest, PriceListDigest.Of(list, lines));
    }

    /// <summary>Refuses a list when a price was set since it was compared.</summary>
    public static void CheckCurrent(IEnumerable<PriceListLineRecord> lines, Dictionary<string, long> latest)
    {
        var stale = lines.Where(l => latest.GetValueOrDefault(l.Terms.Sku) != l.BaseVersion).Select(l => l.Terms.Sku).ToList();
        if (stale.Count == 0)
            return;
        var named = string.Join(", ", stale.Take(NamedSkusMaximum));
        throw new PlatformException(Grpc.Core.StatusCode.FailedPrecondition, "PRICE_LIST_STALE",
            $"Since the list was compared, {stale.Count:N0} of its prices were set, for example of {named}; propose it anew.")
        {
            Facts = new Dictionary<string, string> { ["skus"] = named },
        };
    }

    /// <summary>To an agent, another's price list is as if it were not there.</summary>
    public static PriceListRecord Visible(PriceListRecord? list, Guid id, Caller caller) =>
        list is not null && caller.MaySee(list.AgentId) ? list : throw Errors.NotFound("PRICE_LIST_NOT_FOUND", $"There is no price list {id}.");

    /// <summary>The state as the audit log and refusals write it: "approved".</summary>
    public static string NameOf(PriceListStatus status) => EnumText.Of(status)["price_list_".Length..];
}
