using System.Globalization;
using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;
using static AgentPlatform.Contracts.Costing.V1.PriceListStatus;

namespace AgentPlatform.Costings;

/// <summary>The RPCs of price lists. See price_list.proto for what each promises.</summary>
public sealed class PriceListService(Database database, PriceStore prices, PriceListStore store, PriceFileReader files, OrganisationCalendar calendar)
    : Contracts.Costing.V1.PriceListService.PriceListServiceBase
{
    private const string Decided = "price_list.decide";

    public override async Task<ProposePriceListResponse> ProposePriceList(ProposePriceListRequest request, ServerCallContext context)
    {
        var terms = PriceListRules.Read(request, calendar.Today);

        await using var work = await database.BeginAsync(context);
        return await work.CommitAsync(new ProposePriceListResponse { PriceList = await ProposeAsync(work, request.Source, request.Reason, terms) });
    }

    public override async Task<ImportPriceListResponse> ImportPriceList(ImportPriceListRequest request, ServerCallContext context)
    {
        PriceListRules.Check(request);
        // Before the work begins: no transaction waits for another service.
        var (table, file) = await files.ReadAsync(request, context);
        var terms = PriceListRules.Read(file, calendar.Today);

        await using var work = await database.BeginAsync(context);
        var list = await ProposeAsync(work, request.Path, request.Reason, terms, ("file_sha256", table.Sha256), ("sheet", table.Sheet));
        return await work.CommitAsync(new ImportPriceListResponse { PriceList = list, FileSha256 = table.Sha256, Sheet = table.Sheet });
    }

    public override Task<DecidePriceListResponse> DecidePriceList(DecidePriceListRequest request, ServerCallContext context)
    {
        PriceListRules.Check(request, out var id);
        return ReviewRules.OnRecordAsync(database, context, Decided, $"price_list/{id}", () => DecideAsync(id, request, context));
    }

    public override async Task<GetPriceListResponse> GetPriceList(GetPriceListRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        var list = await store.FindAsync(id, context);
        return new GetPriceListResponse { PriceList = PriceListRules.Visible(list, id, context.Caller()).ToProto() };
    }

    public override async Task<ListPriceListsResponse> ListPriceLists(ListPriceListsRequest request, ServerCallContext context)
    {
        new FieldChecks().KnownOrUnspecified("status", request.Status).ThrowIfAny();
        var page = PageRequest.Read("price lists", request.PageSize, request.PageToken, request.Status, context.Caller().AgentId);

        var fetched = await store.ListAsync(page, request.Status, context.Caller().AgentId, context);
        var (rows, next) = page.Cut(fetched, l => l.Id.ToString());
        return new ListPriceListsResponse { PriceLists = { rows.Select(l => l.ToProto()) }, NextPageToken = next };
    }

    public override async Task<ListPriceListLinesResponse> ListPriceListLines(ListPriceListLinesRequest request, ServerCallContext context)
    {
        PriceListRules.Check(request, out var id);
        var page = PageRequest.Read("price list lines", request.PageSize, request.PageToken, id, request.Change);

        PriceListRules.Visible(await store.FindAsync(id, context), id, context.Caller());
        var (rows, next) = await store.ListLinesAsync(page, id, request.Change, context);
        return new ListPriceListLinesResponse { Lines = { rows.Select(l => l.ToProto()) }, NextPageToken = next };
    }

    private async Task<PriceList> ProposeAsync(UnitOfWork work, string source, string reason, IReadOnlyList<PriceTerms> terms, params (string, string)[] details)
    {
        var inForce = await prices.FindAsync(work, terms.Select(t => (t.Sku, t.ValidFrom)));
        var lines = PriceListRules.Compare(terms, inForce, await PriceStore.FindLatestAsync(work, terms.Select(t => t.Sku).ToArray()));
        var list = store.Propose(work, source, reason, lines);
        work.Audit("price_list.propose", $"price_list/{list.Id}", [("source", list.Source), .. CountsOf(list), ("digest", list.Digest), ("reason", list.Reason), .. details]);
        return list.ToProto();
    }

    private async Task<DecidePriceListResponse> DecideAsync(Guid id, DecidePriceListRequest request, ServerCallContext context)
    {
        await using var work = await database.BeginAsync(context);
        var list = PriceListRules.Visible(await store.FindToDecideAsync(work, id), id, work.Caller);
        var lines = await store.FindLinesAsync(work, id);
        PriceListRules.CheckDecision(list, lines, request.Digest, work.Caller);

        if (request.Decision == Decision.Approve)
        {
            var skus = lines.Select(l => l.Terms.Sku).ToArray();
            await PriceStore.LockAsync(work, skus);
            PriceListRules.CheckCurrent(lines, await PriceStore.FindLatestAsync(work, skus));
            store.SetPrices(work, list);
        }
        var decided = store.Decide(work, list, request.Decision == Decision.Approve ? PriceListApproved : PriceListRejected, request.Reason);
        work.Audit(Decided, $"price_list/{id}",
            [("decision", PriceListRules.NameOf(decided.Status)), ("source", list.Source), .. CountsOf(list), ("digest", list.Digest), ("proposed_by", list.ProposedBy),
                ("reason", request.Reason)],
            authorizedBy: work.Caller.Subject);
        return await work.CommitAsync(new DecidePriceListResponse { PriceList = decided.ToProto() });
    }

    private static (string, string)[] CountsOf(PriceListRecord list) =>
    [
        ("lines", list.LinesCount.ToString(CultureInfo.InvariantCulture)), ("new", list.NewCount.ToString(CultureInfo.InvariantCulture)),
        ("changed", list.ChangedCount.ToString(CultureInfo.InvariantCulture)),
    ];
}
