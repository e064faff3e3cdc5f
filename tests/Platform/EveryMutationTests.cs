using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Contracts.Type.V1;
using AgentPlatform.Contracts.Vault.V1;
using AgentPlatform.Tests.Costings;
using AgentPlatform.Tests.Registries;
using AgentPlatform.Tests.Vaults;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Fleet = AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Tests.Platforms;

/// <summary>Every RPC that takes an idempotency key, tried twice with one. A new RPC fails here until it has a row.</summary>
public sealed class EveryMutationTests : IClassFixture<Platform>
{
    private static readonly string Agent = Tokens.Agent("mutator");
    private readonly Platform _platform;

    public EveryMutationTests(Platform platform)
    {
        _platform = platform;
        // What has waited out its delay would change between the two looks.
        platform.Settings["registry"] = new() { ["AgentTasks:SweepEvery"] = "01:00:00" };
    }

    public static TheoryData<string> Mutations =>
        [.. new AccessRules().All.Where(r => r.Value.Idempotency != Idempotency.Unspecified).Select(r => r.Key)];

    [Theory]
    [MemberData(nameof(Mutations))]
    public async Task A_repeat_with_the_same_key_gets_the_same_bytes_and_has_no_second_effect(string method)
    {
        var (token, request) = await RequestAsync(method);
        var host = await _platform.StartAsync(method.Split('.')[1]);
        var client = _platform.Client<RawClient>(host.GrpcAddress, token);

        var first = await client.UnaryAsync(method, request.ToByteArray(), "one-key");
        var before = await StateAsync();
        var second = await client.UnaryAsync(method, request.ToByteArray(), "one-key");

        Assert.Equal((false, true), (first.Replayed, second.Replayed));
        Assert.Equal(first.Answer, second.Answer);
        Assert.Equal(before, await StateAsync());
        await Refusal.ExpectAsync(StatusCode.InvalidArgument, "IDEMPOTENCY_KEY_INVALID", () => client.UnaryAsync(method, request.ToByteArray(), new string('k', 256)));
    }

    private async Task<(string Token, IMessage Request)> RequestAsync(string method) => method.Split('/')[^1] switch
    {
        _ when method.Contains("AgentTaskService", StringComparison.Ordinal) => await new TaskMutations(_platform).RequestAsync(method.Split('/')[^1]),
        "CreateSession" => (Agent, new CreateSessionRequest { Role = "finance" }),
        "TransitionSession" => (Agent, new TransitionSessionRequest { Id = await NewSessionAsync(), Status = SessionStatus.Active, Version = 1 }),
        "CreateTask" => (Agent, NewTask()),
        "AcknowledgeDispatches" => (Tokens.Service("registry"), new AcknowledgeDispatchesRequest { Ids = { Guid.NewGuid().ToString() } }),
        "ReportTasks" => (Tokens.Service("registry"), new ReportTasksRequest { Reports = { new TaskReport { TaskId = Guid.NewGuid().ToString(), Version = 1, Status = RoleTaskStatus.Pending } } }),
        "TransitionTask" => (Tokens.Operator("sender"), new TransitionTaskRequest { Id = await NewTaskAsync(), Status = RoleTaskStatus.Assigned, AssignedTo = "mutator" }),
        "BatchDecideApprovals" => (Tokens.Operator("decider"), new BatchDecideApprovalsRequest { Decisions = { await ApprovalDecisionAsync(), await ApprovalDecisionAsync() } }),
        "RequestApproval" => (Agent, Asking()),
        "DecideApproval" => (Tokens.Operator("decider"), await ApprovalDecisionAsync()),
        "ConsumeApproval" => (Agent, await ApprovalUseAsync()),
        "UpdateSession" => (Agent, new UpdateSessionRequest { Id = await NewSessionAsync(), UpdateMask = new FieldMask { Paths = { "task" } }, Task = "Changed" }),
        "AppendEvents" => (Agent, new AppendEventsRequest { SessionId = await NewSessionAsync(), Events = { new SessionEvent { Type = "test.happened" } } }),
        "UpdateContext" => (Agent, new UpdateContextRequest { SessionId = await NewSessionAsync(), Increments = { ["turns"] = 1 } }),
        "CreateWebhook" => (Tokens.Operator(), NewWebhook()),
        "UpdateWebhook" => (Tokens.Operator(), new UpdateWebhookRequest { Id = await NewWebhookAsync(), UpdateMask = new FieldMask { Paths = { "description" } }, Description = "Changed" }),
        "DeleteWebhook" => (Tokens.Operator(), new DeleteWebhookRequest { Id = await NewWebhookAsync() }),
        "RotateWebhookSecret" => (Tokens.Operator(), new RotateWebhookSecretRequest { Id = await NewWebhookAsync() }),
        "SendTestNotification" => (Tokens.Operator(), new SendTestNotificationRequest { WebhookId = await NewWebhookAsync() }),
        "ReplayDelivery" => (Tokens.Operator(), new ReplayDeliveryRequest { Id = (await DeadLetterAsync()).Id }),
        "ReplayDeadLetters" => (Tokens.Operator(), new ReplayDeadLettersRequest { WebhookId = (await DeadLetterAsync()).WebhookId }),
        "RegisterAgent" => (Agent, new Fleet.RegisterAgentRequest { Platform = Fleet.Platform.Linux, Version = "1" }),
        "Heartbeat" => (Agent, new Fleet.HeartbeatRequest { Epoch = await RegisteredEpochAsync() }),
        "DisableAgent" => (Tokens.Operator(), new Fleet.DisableAgentRequest { Id = await ManagedAsync("to-disable") }),
        "EnableAgent" => (Tokens.Operator(), new Fleet.EnableAgentRequest { Id = await ManagedAsync("to-enable", disabled: true) }),
        "QuarantineAgent" => (Tokens.Operator(), new Fleet.QuarantineAgentRequest { Id = await ManagedAsync("to-quarantine") }),
        "ReleaseAgent" => (Tokens.Operator(), new Fleet.ReleaseAgentRequest { Id = await ManagedAsync("to-release") }),
        "DeregisterAgent" => (Tokens.Operator(), new Fleet.DeregisterAgentRequest { Id = await ManagedAsync("to-deregister") }),
        "AppendEntries" => (Agent, new AppendEntriesRequest
        {
            Entries = { new AuditEntry { EventId = Guid.NewGuid().ToString(), OccurTime = _platform.Clock.GetUtcNow().ToTimestamp(), Operation = "test.run", Resource = "test/1" } },
        }),
        "LogAction" => (Agent, new LogActionRequest { Entry = new AuditEntry { Operation = "test.log", Resource = "test/2" } }),
        "RecordMessage" => (Agent, new RecordMessageRequest { Message = new Message { SessionId = "mutated", Role = "assistant", Text = "Good day" } }),
        "SetPrice" => (Tokens.Superuser(), Price()),
        "WithdrawPrice" => (Tokens.Superuser(), new WithdrawPriceRequest { Sku = (await _platform.SetPriceAsync("WITHDRAWN", CostingCalls.Zar(1))).Sku, Reason = "sold out" }),
        "ProposePriceList" => (Tokens.Operator("lister"), PriceListCalls.Request("MUTATED-1", "MUTATED-2")),
        "IndexForms" => (Tokens.Operator("indexer"), FormTests.Indexed(_platform, "mutated.pdf")),
        "ImportPriceList" => (Tokens.Operator("lister"), PriceImportTests.Imported(_platform, "prices/mutated.xlsx")),
        "DecidePriceList" => (Tokens.Superuser("decider"), await PriceListCalls.DecisionAsync(_platform, "MUTATED-3")),
        "ProposeCosting" => (Agent, await ProposalAsync("proposed")),
        "DecideCosting" => (Tokens.Superuser("decider"), await DecisionAsync()),
        "SetBudget" => (Tokens.Superuser(), SpendCalls.BudgetOf(BudgetScope.AgentScope, "budgeted", 10)),
        "RemoveBudget" => (Tokens.Superuser(), new RemoveBudgetRequest { Id = (await _platform.SetBudgetAsync("unlimited", 10)).Id }),
        "SetSpender" => (Tokens.Superuser(), new SetSpenderRequest { AgentId = "spender", Role = "finance" }),
        "ReserveSpend" => (Agent, new ReserveSpendRequest { Amount = SpendCalls.Usd(1) }),
        "SettleSpend" => (Agent, new SettleSpendRequest { ReservationId = await ReservationAsync(), Usage = SpendCalls.Tokens(SpendCalls.Usd(1)) }),
        "RecordUsage" => (Agent, new RecordUsageRequest { Usage = SpendCalls.Tokens(SpendCalls.Usd(1)) }),
        "SetRule" => (Tokens.Superuser(), new SetRuleRequest { AgentId = "mutator", Pattern = "set/**", Effect = RuleEffect.Allow, Actions = { FileAction.Read }, Reason = "first" }),
        "RemoveRule" => (Tokens.Superuser(), new RemoveRuleRequest { Id = (await _platform.AllowAsync("mutator", "removed/**")).Id }),
        "SetLabel" => (Tokens.Superuser(), new SetLabelRequest { Name = "secret", Pattern = "set/**", ApproverRole = Role.Superuser, Reason = "first" }),
        "RemoveLabel" => (Tokens.Superuser(), new RemoveLabelRequest { Id = (await _platform.LabelAsync("secret", "removed/**", Role.Operator)).Id }),
        "MarkInvoiced" => (Tokens.Operator(), await InvoiceAsync()),
        var other => await RolloutMutations.RequestAsync(_platform, other) ?? throw new InvalidOperationException($"{method} takes an idempotency key; add a request for it here."),
    };

    // How many rows there are of each kind; what a second effect would show in.
    private Task<List<long>> StateAsync() => _platform.SqlAsync<long>("""
        SELECT count(*) FROM session.sessions UNION ALL SELECT coalesce(sum(version), 0)::bigint FROM session.sessions
        UNION ALL SELECT count(*) FROM session.events UNION ALL SELECT coalesce(sum(version), 0)::bigint FROM session.contexts
        UNION ALL SELECT count(*) FROM session.tasks UNION ALL SELECT coalesce(sum(version), 0)::bigint FROM session.tasks
        UNION ALL SELECT count(*) FROM session.approvals UNION ALL SELECT coalesce(sum(version), 0)::bigint FROM session.approvals
        UNION ALL SELECT count(*) FROM session.webhooks UNION ALL SELECT coalesce(sum(version), 0)::bigint FROM session.webhooks
        UNION ALL SELECT count(*) FROM session.webhook_executions UNION ALL SELECT coalesce(sum(extract(epoch FROM queued_at) * 1000), 0)::bigint FROM session.webhook_executions
        UNION ALL SELECT coalesce(sum(epoch), 0)::bigint FROM registry.agents UNION ALL SELECT count(*) FROM costing.pricing_catalog
        UNION ALL SELECT count(*) FROM registry.agent_events WHERE kind <> 'online' UNION ALL SELECT count(*) FROM registry.tasks UNION ALL SELECT coalesce(sum(version), 0)::bigint FROM registry.tasks
        UNION ALL SELECT coalesce(sum(revision), 0)::bigint FROM costing.budgets UNION ALL SELECT count(*) FROM costing.spenders UNION ALL SELECT count(*) FROM costing.usage
        UNION ALL SELECT count(*) FROM costing.reservations WHERE status = 'open' UNION ALL SELECT count(*) FROM costing.price_list_lines UNION ALL SELECT count(*) FROM costing.price_lists WHERE reviewed_by <> ''
        UNION ALL SELECT count(*) FROM costing.booking_costing UNION ALL SELECT coalesce(sum(version), 0)::bigint FROM costing.booking_costing
        UNION ALL SELECT count(*) FROM audit.audit_log WHERE service = 'agent' UNION ALL SELECT count(*) FROM audit.message_audit
        UNION ALL SELECT count(*) FROM registry.packages UNION ALL SELECT count(*) FROM registry.packages WHERE status <> 'draft'
        UNION ALL SELECT count(*) FROM registry.package_scans UNION ALL SELECT coalesce(sum(revision), 0)::bigint FROM registry.deployments
        UNION ALL SELECT coalesce(sum(revision), 0)::bigint FROM registry.installs UNION ALL SELECT count(*) FROM registry.agent_config_versions
        UNION ALL SELECT count(*) FROM registry.telemetry UNION ALL SELECT count(*) FROM registry.schedules
        UNION ALL SELECT coalesce(sum(version), 0)::bigint FROM registry.schedules UNION ALL SELECT count(*) FROM registry.schedule_runs
        UNION ALL SELECT coalesce(sum(version), 0)::bigint FROM vault.rules UNION ALL SELECT coalesce(sum(version), 0)::bigint FROM vault.labels
        UNION ALL SELECT (SELECT count(*) FROM session.idempotency) + (SELECT count(*) FROM costing.idempotency)
        """);

    private async Task<string> NewSessionAsync()
    {
        var sessions = await _platform.ClientAsync<SessionService.SessionServiceClient>(Agent);
        return (await sessions.CreateSessionAsync(new CreateSessionRequest { Role = "finance" })).Session.Id;
    }

    private static CreateTaskRequest NewTask() => new() { Type = "invoice.check", FromRole = "manager", ToRole = "finance" };

    private async Task<string> NewTaskAsync()
    {
        var tasks = await _platform.ClientAsync<TaskService.TaskServiceClient>(Agent);
        return (await tasks.CreateTaskAsync(NewTask())).Task.Id;
    }

    // A host that no resolver knows: what is sent goes nowhere.
    private static CreateWebhookRequest NewWebhook() => new() { Url = "https://receiver.invalid/", EventTypes = { "session.ended" }, Role = "nobody" };

    private async Task<string> NewWebhookAsync()
    {
        var webhooks = await _platform.ClientAsync<WebhookService.WebhookServiceClient>(Tokens.Operator());
        return (await webhooks.CreateWebhookAsync(NewWebhook())).Webhook.Id;
    }

    private async Task<WebhookDelivery> DeadLetterAsync()
    {
        var webhooks = await _platform.ClientAsync<WebhookService.WebhookServiceClient>(Tokens.Operator());
        var delivery = (await webhooks.SendTestNotificationAsync(new SendTestNotificationRequest { WebhookId = await NewWebhookAsync() })).Delivery;
        // Until the attempt that may be under way has been written down, it would be queued again.
        await Eventually.TrueAsync(async () => (await webhooks.GetDeliveryAsync(new GetDeliveryRequest { Id = delivery.Id })).Attempts.Count > 0, "the attempt has failed");
        await _platform.SqlAsync<int>("UPDATE session.webhook_executions SET status = 'dead', finished_at = now() WHERE id = $1", Guid.Parse(delivery.Id));
        return delivery;
    }

    private async Task<long> RegisteredEpochAsync()
    {
        var registry = await _platform.ClientAsync<Fleet.RegistryService.RegistryServiceClient>(Agent);
        return (await registry.RegisterAgentAsync(new Fleet.RegisterAgentRequest { Platform = Fleet.Platform.Linux, Version = "1" })).Agent.Epoch;
    }

    private async Task<string> ManagedAsync(string id, bool disabled = false)
    {
        var agent = await _platform.ClientAsync<Fleet.RegistryService.RegistryServiceClient>(Tokens.Agent(id));
        await agent.RegisterAgentAsync(new Fleet.RegisterAgentRequest { Platform = Fleet.Platform.Linux, Version = "1" });
        var person = await _platform.ClientAsync<Fleet.RegistryService.RegistryServiceClient>(Tokens.Operator());
        if (disabled)
            await person.DisableAgentAsync(new Fleet.DisableAgentRequest { Id = id });
        return id;
    }

    private async Task<ProposeCostingRequest> ProposalAsync(string booking)
    {
        var superuser = await _platform.ClientAsync<PriceService.PriceServiceClient>(Tokens.Superuser());
        await superuser.SetPriceAsync(Price());
        return new ProposeCostingRequest { BookingRef = booking, Lines = { new ProposedLine { Sku = "CHAIR", QuantityMilli = 1_000 } } };
    }

    private async Task<DecideCostingRequest> DecisionAsync()
    {
        var agent = await _platform.ClientAsync<CostingService.CostingServiceClient>(Agent);
        var costing = (await agent.ProposeCostingAsync(await ProposalAsync("decided"))).Costing;
        return new DecideCostingRequest { Id = costing.Id, Decision = Decision.Approve, Digest = costing.Digest };
    }

    private async Task<string> ReservationAsync() =>
        (await (await _platform.ClientAsync<SpendService.SpendServiceClient>(Agent)).ReserveAsync(SpendCalls.Usd(2))).Id;

    private async Task<MarkInvoicedRequest> InvoiceAsync()
    {
        var agent = await _platform.ClientAsync<CostingService.CostingServiceClient>(Agent);
        var costing = (await agent.ProposeCostingAsync(await ProposalAsync("invoiced"))).Costing;
        await (await _platform.ClientAsync<CostingService.CostingServiceClient>(Tokens.Superuser())).DecideAsync(costing, Decision.Approve);
        return new MarkInvoicedRequest { Id = costing.Id };
    }

    private static RequestApprovalRequest Asking() => new() { ApproverRole = Role.Operator, Action = "mail.send", Reason = "It is ready." };

    private async Task<DecideApprovalRequest> ApprovalDecisionAsync()
    {
        var agent = await _platform.ClientAsync<ApprovalService.ApprovalServiceClient>(Agent);
        var approval = (await agent.RequestApprovalAsync(Asking())).Approval;
        return new DecideApprovalRequest { Id = approval.Id, Decision = ApprovalDecision.Approve, Digest = approval.Digest };
    }

    private async Task<ConsumeApprovalRequest> ApprovalUseAsync()
    {
        var decision = await ApprovalDecisionAsync();
        var person = await _platform.ClientAsync<ApprovalService.ApprovalServiceClient>(Tokens.Operator("decider"));
        await person.DecideApprovalAsync(decision);
        return new ConsumeApprovalRequest { Id = decision.Id, Action = "mail.send" };
    }

    private static SetPriceRequest Price() => new()
    {
        Sku = "CHAIR",
        Description = "A chair",
        Unit = "day",
        Reason = "first",
        UnitPrice = new Money { CurrencyCode = "ZAR", Units = 18, Nanos = 500_000_000 },
    };
}
