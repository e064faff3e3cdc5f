namespace AgentPlatform.Gateway;

/// <summary>Marks a gRPC call that was made of a REST request: whoever asked reads JSON, so trailers need not reach him.</summary>
public sealed class TranscodedCall;
