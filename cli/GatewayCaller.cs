using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Operations.V1;
using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace AgentPlatform.Cli;

/// <summary>One caller of the gateway: its token and the correlation id go with every call, and every call has a deadline.</summary>
public sealed class GatewayCaller
{
    public GatewayCaller(GrpcChannel channel, string subject, string token, string correlationId, TimeProvider clock)
    {
        var invoker = channel.Intercept(new CallDefaults(
            new Metadata { { "authorization", $"Bearer {token}" }, { "x-correlation-id", correlationId } }, clock));
        Subject = subject;
        Sessions = new SessionService.SessionServiceClient(invoker);
        Approvals = new ApprovalService.ApprovalServiceClient(invoker);
        Webhooks = new WebhookService.WebhookServiceClient(invoker);
        Registry = new RegistryService.RegistryServiceClient(invoker);
        AgentTasks = new AgentTaskService.AgentTaskServiceClient(invoker);
        Schedules = new ScheduleService.ScheduleServiceClient(invoker);
        Packages = new PackageService.PackageServiceClient(invoker);
        Deployments = new DeploymentService.DeploymentServiceClient(invoker);
        Configs = new AgentConfigService.AgentConfigServiceClient(invoker);
        Telemetry = new TelemetryService.TelemetryServiceClient(invoker);
        Vault = new VaultService.VaultServiceClient(invoker);
        VaultAccess = new VaultAccessService.VaultAccessServiceClient(invoker);
        Forms = new FormService.FormServiceClient(invoker);
        Tables = new TableService.TableServiceClient(invoker);
        Prices = new PriceService.PriceServiceClient(invoker);
        PriceLists = new PriceListService.PriceListServiceClient(invoker);
        Budgets = new BudgetService.BudgetServiceClient(invoker);
        Spend = new SpendService.SpendServiceClient(invoker);
        Costing = new CostingService.CostingServiceClient(invoker);
        Audit = new AuditService.AuditServiceClient(invoker);
        Operations = new OperationsService.OperationsServiceClient(invoker);
    }

    /// <summary>Who it is, as the audit log will say.</summary>
    public string Subject { get; }

    public SessionService.SessionServiceClient Sessions { get; }

    public ApprovalService.ApprovalServiceClient Approvals { get; }

    public WebhookService.WebhookServiceClient Webhooks { get; }

    public RegistryService.RegistryServiceClient Registry { get; }

    public AgentTaskService.AgentTaskServiceClient AgentTasks { get; }

    public ScheduleService.ScheduleServiceClient Schedules { get; }

    public PackageService.PackageServiceClient Packages { get; }

    public DeploymentService.DeploymentServiceClient Deployments { get; }

    public AgentConfigService.AgentConfigServiceClient Configs { get; }

    public TelemetryService.TelemetryServiceClient Telemetry { get; }

    public VaultService.VaultServiceClient Vault { get; }

    public VaultAccessService.VaultAccessServiceClient VaultAccess { get; }

    public FormService.FormServiceClient Forms { get; }

    public TableService.TableServiceClient Tables { get; }

    public PriceService.PriceServiceClient Prices { get; }

    public PriceListService.PriceListServiceClient PriceLists { get; }

    public BudgetService.BudgetServiceClient Budgets { get; }

    public SpendService.SpendServiceClient Spend { get; }

    public CostingService.CostingServiceClient Costing { get; }

    public AuditService.AuditServiceClient Audit { get; }

    public OperationsService.OperationsServiceClient Operations { get; }
}
