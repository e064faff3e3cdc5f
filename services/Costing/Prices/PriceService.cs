using System.Globalization;
using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;

namespace AgentPlatform.Costings;

/// <summary>The RPCs of the price catalogue. See price.proto for what each promises.</summary>
public sealed class PriceService(Database database, PriceStore store, OrganisationCalendar calendar) : Contracts.Costing.V1.PriceService.PriceServiceBase
{
    public override async Task<SetPriceResponse> SetPrice(SetPriceRequest request, ServerCallContext context)
    {
        var terms = PriceRules.Read(request, calendar.Today);

        await using var work = await database.BeginAsync(context);
        var price = await store.SetAsync(work, terms, request.Reason);
        work.Audit("price.set", $"price/{price.Sku}",
            [("version", price.Version.ToString(CultureInfo.InvariantCulture)), ("unit_price", terms.UnitPrice.ToString()),
                ("valid_from", OrganisationCalendar.Text(terms.ValidFrom)), ("reason", request.Reason)],
            authorizedBy: work.Caller.Subject);
        return await work.CommitAsync(new SetPriceResponse { Price = price.ToProto() });
    }

    public override async Task<WithdrawPriceResponse> WithdrawPrice(WithdrawPriceRequest request, ServerCallContext context)
    {
        var day = PriceRules.Read(request, calendar.Today);

        await using var work = await database.BeginAsync(context);
        var withdrawn = await store.WithdrawAsync(work, request.Sku, day, request.Reason) ?? throw PriceRules.NotFound(request.Sku, day);
        work.Audit("price.withdraw", $"price/{request.Sku}",
            [("version", withdrawn.Version.ToString(CultureInfo.InvariantCulture)), ("valid_from", OrganisationCalendar.Text(day)), ("reason", request.Reason)],
            authorizedBy: work.Caller.Subject);
        return await work.CommitAsync(new WithdrawPriceResponse { Price = withdrawn.ToProto() });
    }

    public override async Task<GetPriceResponse> GetPrice(GetPriceRequest request, ServerCallContext context)
    {
        var day = PriceRules.Read(request, calendar.Today);

        var price = await store.FindAsync(request.Sku, day, context) ?? throw PriceRules.NotFound(request.Sku, day);
        return new GetPriceResponse { Price = price.ToProto() };
    }

    public override async Task<ListPricesResponse> ListPrices(ListPricesRequest request, ServerCallContext context)
    {
        var day = PriceRules.Read(request, calendar.Today);
        var page = PageRequest.Read("prices", request.PageSize, request.PageToken, request.Date, request.Category);

        var fetched = await store.ListAsync(page, day, request.Category, context);
        var (rows, next) = page.Cut(fetched, p => p.Sku);
        return new ListPricesResponse { Prices = { rows.Select(p => p.ToProto()) }, NextPageToken = next };
    }

    public override async Task<ListPriceVersionsResponse> ListPriceVersions(ListPriceVersionsRequest request, ServerCallContext context)
    {
        new FieldChecks().Sku("sku", request.Sku).ThrowIfAny();
        var page = PageRequest.Read("price versions", request.PageSize, request.PageToken, request.Sku);

        var fetched = await store.ListVersionsAsync(page, request.Sku, context);
        var (rows, next) = page.Cut(fetched, p => p.Version.ToString(CultureInfo.InvariantCulture));
        return new ListPriceVersionsResponse { Prices = { rows.Select(p => p.ToProto()) }, NextPageToken = next };
    }
}
