using Grpc.Core;

namespace AgentPlatform.Cli;

/// <summary>A key of its own for a call that changes something: sent again on the way, it has one effect.</summary>
public static class CallKey
{
    public static Metadata New() => new() { { "idempotency-key", Guid.NewGuid().ToString("N") } };
}
