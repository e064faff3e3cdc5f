namespace AgentPlatform.Gateway;

/// <summary>Marks a gRPC call that was made here of something else: whoever asked does not read trailers.</summary>
/// <param name="IsAdmitted">Whether <see cref="EdgeGate"/> has admitted it already.</param>
public sealed record TranscodedCall(bool IsAdmitted);
