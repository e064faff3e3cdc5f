using System.Globalization;
using System.Security.Cryptography;
using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Spectre.Console;
using VaultTable = AgentPlatform.Contracts.Vault.V1.Table;

namespace AgentPlatform.Cli.Demo;

/// <summary>
/// One run of the demonstration: an agent, a superuser and an auditor, each with a token of its own, all through the gateway and
/// under one correlation id. A step that fails ends the run with a <see cref="CliException"/> that names it.
/// </summary>
public sealed class DemoRun : IDisposable
{
    private const string AgentId = "revenue_v1";
    private const int Heartbeats = 3;
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(10);

    // Half days can be booked: quantities are in thousandths of a unit.
    private static readonly ProposedLine[] Booking =
    [
        new() { Sku = "MRQ-1020", QuantityMilli = 2_000 },
        new() { Sku = "CHR-TIF", QuantityMilli = 120_000 },
        new() { Sku = "GEN-20KVA", QuantityMilli = 1_500 },
    ];

    private readonly RunNote _note;
    private readonly DemoTelemetry _telemetry;
    private readonly TimeProvider _clock;
    private readonly GrpcChannel _channel;
    private readonly string _runId;
    private readonly GatewayCaller _agent;
    private readonly GatewayCaller _superuser;
    private readonly GatewayCaller _auditor;
    private readonly List<(string Step, string TraceId)> _traces = [];

    private Session _session = new();
    private PriceList _priceList = new();
    private Costing _costing = new();
    private IReadOnlyList<AuditEntry> _trail = [];
    private long _epoch;
    private int _steps;
    private int _audited;

    public DemoRun(RunNote note, DevelopmentKey key, DemoTelemetry telemetry, TimeProvider clock)
    {
        (_note, _telemetry, _clock) = (note, telemetry, clock);
        _channel = GatewayChannel.Open(note);
        _runId = string.Create(CultureInfo.InvariantCulture, $"demo-{clock.GetUtcNow():yyyyMMdd-HHmmss}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}");
        _agent = Caller($"agent:{AgentId}", "agent", AgentId);
        _superuser = Caller("user:thandi", "superuser", agentId: null);
        _auditor = Caller("user:pieter", "auditor", agentId: null);

        GatewayCaller Caller(string subject, string role, string? agentId) =>
            new(_channel, subject, key.Mint(subject, [role], agentId, TokenLifetime, clock), _runId, clock);
    }

    public async Task RunAsync()
    {
        Terminal.Out.WriteLine($"Booking and correlation id of this run: {_runId}");
        Terminal.Out.WriteLine();
        await StepAsync("Fill the vault", FillVaultAsync);
        await StepAsync("Register", RegisterAsync);
        await StepAsync("Send heartbeats", SendHeartbeatsAsync);
        await StepAsync("Open a session", OpenSessionAsync);
        await StepAsync("Read the price list", ReadPriceListAsync);
        await StepAsync("Propose its prices", ImportPricesAsync);
        await StepAsync("Approve them", ApprovePricesAsync);
        await StepAsync("Propose a costing", ProposeAsync);
        ShowLines();
        await StepAsync("Approve it", ApproveAsync);
        await StepAsync("See the decision", SeeDecisionAsync);
        await StepAsync("Complete the session", CompleteAsync);
        await StepAsync("Read the audit trail", ReadAuditTrailAsync);
        AuditTrail.Show(_trail);
        ShowTraces();
    }

    public void Dispose() => _channel.Dispose();

    private async Task<string> FillVaultAsync()
    {
        var files = DemoVault.CopyTo(_note.Vault);
        // Without it, an agent may read nothing.
        var rule = new SetRuleRequest
        {
            AgentId = AgentId,
            Pattern = $"{DemoVault.Folder}/**",
            Effect = RuleEffect.Allow,
            Actions = { FileAction.Read, FileAction.List },
            Reason = "The demonstration's files",
        };
        await _superuser.VaultAccess.SetRuleAsync(rule, Audited("rule"));
        return $"{string.Join(", ", files)} are in {Path.Combine(_note.Vault, DemoVault.Folder)}, and agent {AgentId} may read them";
    }

    private async Task<string> RegisterAsync()
    {
        var request = new RegisterAgentRequest
        {
            Hostname = Environment.MachineName,
            Platform = OperatingSystem.IsMacOS() ? Platform.Macos : Platform.Linux,
            Version = "1.0.0",
            Capabilities = { "price" },
            Tags = { "demo" },
        };
        var answer = await _agent.Registry.RegisterAgentAsync(request, Audited("register"));
        _epoch = answer.Agent.Epoch;
        return $"agent {answer.Agent.Id} is registered, epoch {answer.Agent.Epoch}";
    }

    private async Task<string> SendHeartbeatsAsync()
    {
        var interval = TimeSpan.Zero;
        for (var beat = 0; beat < Heartbeats; beat++)
            interval = (await _agent.Registry.HeartbeatAsync(new HeartbeatRequest { Epoch = _epoch })).HeartbeatInterval.ToTimeSpan();
        var agent = (await _agent.Registry.GetAgentAsync(new GetAgentRequest { Id = AgentId })).Agent;
        Expect(agent.IsOnline, "the agent is not online after its heartbeats");
        return $"{Heartbeats} sent, the agent is online; from now on one every {interval.TotalSeconds:0} s would be due";
    }

    private async Task<string> OpenSessionAsync()
    {
        var request = new CreateSessionRequest { Role = "revenue", Task = $"Price the booking {_runId}" };
        var created = (await _agent.Sessions.CreateSessionAsync(request, Audited("session"))).Session;
        _session = await MoveSessionAsync(created, SessionStatus.Active);
        return $"session {_session.Id}: {RpcText.Of(created.Status)} → {RpcText.Of(_session.Status)}";
    }

    private async Task<string> ReadPriceListAsync()
    {
        var files = (await _agent.Vault.ListFilesAsync(new ListFilesRequest { PathPrefix = $"{DemoVault.Folder}/" }, Audited("list"))).Files;
        Expect(files.Any(f => f.Path == DemoVault.PriceListPath), $"the vault does not list {DemoVault.PriceListPath}");

        var (table, prices) = (new VaultTable(), 0);
        using var call = _agent.Tables.ReadTable(new ReadTableRequest { Path = DemoVault.PriceListPath }, Audited("read"));
        await foreach (var part in call.ResponseStream.ReadAllAsync())
        {
            table = part.Table ?? table;
            prices += part.Rows?.Rows.Count ?? 0;
        }
        return $"{files.Count} files are listed; {DemoVault.PriceListPath}, {table.File.SizeBytes:N0} bytes, has {prices} rows of {string.Join(", ", table.Columns.Select(c => c.Name))}";
    }

    private async Task<string> ImportPricesAsync()
    {
        var request = new ImportPriceListRequest { Path = DemoVault.PriceListPath, Reason = "Prices of the season" };
        _priceList = (await _agent.PriceLists.ImportPriceListAsync(request, Audited("import"))).PriceList;
        // Costing has the vault read the file for the agent, which is on the log as well.
        _audited++;
        return $"price list {_priceList.Id}: {_priceList.LinesCount} prices, {_priceList.NewCount} new, {_priceList.ChangedCount} changed";
    }

    private async Task<string> ApprovePricesAsync()
    {
        var seen = (await _superuser.PriceLists.GetPriceListAsync(new GetPriceListRequest { Id = _priceList.Id })).PriceList;
        var request = new DecidePriceListRequest { Id = seen.Id, Decision = Decision.Approve, Digest = seen.Digest, Reason = "As agreed" };
        _priceList = (await _superuser.PriceLists.DecidePriceListAsync(request, Audited("prices"))).PriceList;
        Expect(_priceList.Status == PriceListStatus.PriceListApproved, $"the price list is {RpcText.Of(_priceList.Status)}");
        return $"{_superuser.Subject} (superuser) saw what it changes, digest {seen.Digest[..12]}…, and approved all of it";
    }

    private async Task<string> ProposeAsync()
    {
        var request = new ProposeCostingRequest { BookingRef = _runId, SessionId = _session.Id, Lines = { Booking } };
        _costing = (await _agent.Costing.ProposeCostingAsync(request, Audited("costing"))).Costing;
        ExpectStatus(CostingStatus.PendingReview);
        return $"costing {_costing.Id} over {MoneyText.Of(_costing.Total)} is {RpcText.Of(_costing.Status)}";
    }

    private async Task<string> ApproveAsync()
    {
        var waiting = (await _superuser.Costing.ListCostingsAsync(
            new ListCostingsRequest { Status = CostingStatus.PendingReview, BookingRef = _runId })).Costings;
        Expect(waiting.Count == 1, $"{waiting.Count} costings of this booking wait for a decision, not one");

        // The digest says which content was looked at; were it changed meanwhile, the decision would be refused.
        var seen = waiting[0];
        var request = new DecideCostingRequest { Id = seen.Id, Decision = Decision.Approve, Digest = seen.Digest, Reason = "As agreed with the customer" };
        _costing = (await _superuser.Costing.DecideCostingAsync(request, Audited("decision"))).Costing;
        ExpectStatus(CostingStatus.Approved);
        return $"{_superuser.Subject} (superuser) saw {MoneyText.Of(seen.Total)}, digest {seen.Digest[..12]}…, and approved";
    }

    private async Task<string> SeeDecisionAsync()
    {
        _costing = (await _agent.Costing.GetCostingAsync(new GetCostingRequest { Id = _costing.Id })).Costing;
        ExpectStatus(CostingStatus.Approved);
        return $"the agent sees {RpcText.Of(_costing.Status)} by {_costing.ReviewedBy}";
    }

    private async Task<string> CompleteAsync()
    {
        _session = await MoveSessionAsync(_session, SessionStatus.Completed);
        return $"session {_session.Id} is {RpcText.Of(_session.Status)}";
    }

    private async Task<string> ReadAuditTrailAsync()
    {
        _trail = await AuditTrail.ReadAsync(_auditor, _runId, _audited, _clock);
        return $"{_trail.Count} entries of this run, read by {_auditor.Subject} (auditor)";
    }

    private async Task<Session> MoveSessionAsync(Session session, SessionStatus status)
    {
        var request = new TransitionSessionRequest { Id = session.Id, Status = status, Version = session.Version };
        return (await _agent.Sessions.TransitionSessionAsync(request, Audited($"session-{RpcText.Of(status)}"))).Session;
    }

    private async Task StepAsync(string title, Func<Task<string>> act)
    {
        using var trace = _telemetry.Begin(title);
        Terminal.Out.Write(new Text($"{++_steps,3}  {title,-22}"));
        try
        {
            Terminal.Out.WriteLine(await act());
            if (trace is not null)
                _traces.Add((title, trace.TraceId.ToHexString()));
        }
        catch (Exception e) when (e is RpcException or CliException or IOException or UnauthorizedAccessException)
        {
            Terminal.Out.WriteLine("failed");
            throw new CliException($"{title}: {(e is RpcException rpc ? RpcText.Of(rpc) : e.Message)}", e);
        }
    }

    // With a key, whoever does not know how a call ended may send it again: it is answered, and not done twice.
    private Metadata Audited(string call)
    {
        _audited++;
        return new Metadata { { "idempotency-key", $"{_runId}/{call}" } };
    }

    private void ShowLines()
    {
        var table = Terminal.NewTable("sku", "description", "quantity", "unit price", "amount");
        foreach (var column in table.Columns.Skip(2))
            column.RightAligned();
        foreach (var line in _costing.Lines)
        {
            var quantity = (line.QuantityMilli / 1_000m).ToString("#,##0.###", CultureInfo.InvariantCulture);
            table.AddRow(new Text(line.Sku), new Text(line.Description), new Text(quantity), new Text(MoneyText.Of(line.UnitPrice)), new Text(MoneyText.Of(line.Amount)));
        }
        Terminal.Out.Write(new Padder(table).Padding(5, 0, 0, 0));
    }

    private void ShowTraces()
    {
        if (_note.Dashboard is null || _traces.Count == 0)
            return;
        var list = Terminal.NewList();
        foreach (var (step, traceId) in _traces)
            list.AddRow(new Text(step), new Text($"{_note.Dashboard}/traces/detail/{traceId}"));
        Terminal.Out.WriteLine("The traces of the steps, in the dashboard:");
        Terminal.Out.Write(list);
    }

    private void ExpectStatus(CostingStatus status) =>
        Expect(_costing.Status == status, $"the costing is {RpcText.Of(_costing.Status)}, not {RpcText.Of(status)}");

    private static void Expect(bool holds, string otherwise)
    {
        if (!holds)
            throw new CliException(otherwise);
    }
}
