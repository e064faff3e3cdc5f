using System.Globalization;
using AgentPlatform.Contracts.Operations.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Spectre.Console;

namespace AgentPlatform.Cli;

/// <summary>How the services share out their database connections, as a table: a row a service, "2 of 6" a tier.</summary>
public sealed class PoolTable : IDisposable
{
    private const string ServiceHeader = "agentplatform-service";
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(1);

    private readonly GrpcChannel _channel;
    private readonly GatewayCaller _operator;

    public PoolTable(RunNote note, DevelopmentKey key, TimeProvider clock)
    {
        _channel = GatewayChannel.Open(note);
        var subject = $"user:{Environment.UserName}";
        _operator = new GatewayCaller(_channel, subject, key.Mint(subject, ["operator"], null, TokenLifetime, clock), $"status-{Guid.CreateVersion7()}", clock);
    }

    /// <summary>
    /// Asks all that have these names. Of the parts that <c>/health</c> lists, what is no service has no such method, and no row.
    /// </summary>
    public async Task<Table> ReadAsync(IEnumerable<string> names)
    {
        var table = Terminal.NewTable("connections of", "agents", "people", "system", "waiting", "refused", "breaker");
        foreach (var row in await Task.WhenAll(names.Order(StringComparer.Ordinal).Select(RowAsync)))
        {
            if (row is not null)
                table.AddRow([.. row.Select(cell => new Text(cell))]);
        }
        return table;
    }

    public void Dispose() => _channel.Dispose();

    private async Task<string[]?> RowAsync(string service)
    {
        try
        {
            var pool = await _operator.Operations.GetPoolStatisticsAsync(
                new GetPoolStatisticsRequest { Service = service }, new Metadata { { ServiceHeader, service } });
            return [service, InUse(pool, PoolTier.Agent), InUse(pool, PoolTier.Ui), InUse(pool, PoolTier.System),
                Text(pool.Tiers.Sum(t => t.CallsWaiting)), Text(pool.Tiers.Sum(t => t.CallsRefused)), pool.BreakerOpen ? "open" : "closed"];
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Unimplemented) { return null; }
        // One that does not answer must not hide the others.
        catch (RpcException e) { return [service, RpcText.Of(e)]; }
    }

    private static string InUse(GetPoolStatisticsResponse pool, PoolTier tier) =>
        pool.Tiers.FirstOrDefault(t => t.Tier == tier) is { } found ? $"{Text(found.ConnectionsInUse)} of {Text(found.ConnectionsLimit)}" : "";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
