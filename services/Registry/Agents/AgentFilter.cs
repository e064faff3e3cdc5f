using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>Which agents a list shows; what is empty, unspecified or null narrows nothing, but that deregistered ones must be asked for.</summary>
public sealed record AgentFilter(
    Platform Platform, AgentStatus Status, bool? IsOnline, string Role, string Capability, string Tag, string Version, string HostnamePrefix)
{
    /// <summary>Checks a request's filters.</summary>
    public static AgentFilter Read(ListAgentsRequest request)
    {
        var checks = new FieldChecks()
            .KnownOrUnspecified("platform", request.Platform)
            .KnownOrUnspecified("status", request.Status)
            .Text("tag", request.Tag, RegistryRules.TagMaximumCharacters)
            .Text("version", request.Version, RegistryRules.VersionMaximumCharacters)
            .Text("hostname_prefix", request.HostnamePrefix, RegistryRules.HostnameMaximumCharacters);
        if (request.Role.Length > 0)
            checks.Name("role", request.Role);
        if (request.Capability.Length > 0)
            checks.DottedName("capability", request.Capability);
        checks.ThrowIfAny();
        return new AgentFilter(request.Platform, request.Status, request.HasIsOnline ? request.IsOnline : null, request.Role, request.Capability, request.Tag,
            request.Version, request.HostnamePrefix);
    }
}
