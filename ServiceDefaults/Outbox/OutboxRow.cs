namespace AgentPlatform;

/// <summary>A row of <c>outbox</c>: an audit entry on its way.</summary>
internal sealed record OutboxRow(Guid Id, byte[] Entry, DateTimeOffset CreatedAt);
