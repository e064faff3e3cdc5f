using AgentPlatform.Contracts.Operations.V1;
using Grpc.Core;

namespace AgentPlatform;

/// <summary>What a service tells about itself. See operations.proto for what it promises.</summary>
public sealed class OperationsService(ServiceName service, TieredPool pool) : Contracts.Operations.V1.OperationsService.OperationsServiceBase
{
    /// <summary>The metadata by which the gateway knows whom to ask: the contract is the same for every service.</summary>
    public const string ServiceHeader = "agentplatform-service";

    public override Task<GetPoolStatisticsResponse> GetPoolStatistics(GetPoolStatisticsRequest request, ServerCallContext context)
    {
        new FieldChecks().Name("service", request.Service).ThrowIfAny();
        if (request.Service != service.Name)
            throw Errors.NotFound("SERVICE_UNKNOWN", $"This is the service {service.Name}; it cannot tell of {request.Service}.");

        return Task.FromResult(new GetPoolStatisticsResponse
        {
            Service = service.Name,
            BreakerOpen = pool.IsBreakerOpen,
            Tiers = { pool.Statistics().Select(ToProto) },
        });
    }

    private static PoolTierStatistics ToProto(TierStatistics tier) => new()
    {
        Tier = tier.Tier switch
        {
            PoolTier.Agent => Contracts.Operations.V1.PoolTier.Agent,
            PoolTier.Ui => Contracts.Operations.V1.PoolTier.Ui,
            _ => Contracts.Operations.V1.PoolTier.System,
        },
        ConnectionsLimit = tier.Limit,
        ConnectionsInUse = tier.InUse,
        CallsWaiting = tier.Waiting,
        CallsRefused = tier.Refused,
    };
}
