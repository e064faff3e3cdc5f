using Microsoft.AspNetCore.Http.Features;

namespace AgentPlatform.Gateway;

/// <summary>Says of a request that was made here that it has a body, which otherwise only the server knows.</summary>
internal sealed class GivenBody : IHttpRequestBodyDetectionFeature
{
    public bool CanHaveBody => true;
}
