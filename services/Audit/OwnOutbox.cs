using AgentPlatform.Audit.Redaction;
using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Audit.V1;

namespace AgentPlatform.Audit;

/// <summary>Brings this service's own outbox into the log, as <c>AuditRelay</c> does for all others over gRPC.</summary>
public sealed class OwnOutbox(AppendQueue queue, OutboxSignal signal, Database database, Redactor redactor, TimeProvider clock, ILogger<OwnOutbox> log)
    : OutboxRelay(database, signal, clock, log)
{
    private static readonly Caller Self = new() { Subject = "service:audit", Roles = [Role.Service] };

    protected override Task SendAsync(IReadOnlyList<AuditEntry> entries, CancellationToken cancellation) =>
        queue.AppendAsync([.. entries.Select(e => AuditRules.Read(e, "", Self, Now, redactor))], cancellation);
}
