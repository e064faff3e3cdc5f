using AgentPlatform.Contracts.Audit.V1;
using Microsoft.Extensions.Logging;

namespace AgentPlatform;

/// <summary>Sends the outbox to Audit.</summary>
internal sealed class AuditRelay(
    Database database, OutboxSignal signal, AuditService.AuditServiceClient audit, ServiceIdentity identity, TimeProvider clock, ILogger<AuditRelay> log)
    : OutboxRelay(database, signal, clock, log)
{
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);

    protected override async Task SendAsync(IReadOnlyList<AuditEntry> entries, CancellationToken cancellation)
    {
        var headers = await identity.HeadersAsync(cancellation);
        await audit.AppendEntriesAsync(new AppendEntriesRequest { Entries = { entries } }, headers, Clock.GetUtcNow().UtcDateTime + SendTimeout, cancellation);
    }
}
