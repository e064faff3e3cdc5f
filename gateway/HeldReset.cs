using Microsoft.AspNetCore.Http.Features;

namespace AgentPlatform.Gateway;

/// <summary>
/// Keeps the proxy from cutting an answer off when its service is lost half-way: clients read a cut as INTERNAL, where a
/// status in the trailers says what happened and that the call may be tried again.
/// </summary>
internal sealed class HeldReset : IHttpResetFeature
{
    /// <summary>Whether the proxy would have cut the answer off.</summary>
    public bool Wanted { get; private set; }

    public void Reset(int errorCode) => Wanted = true;
}
