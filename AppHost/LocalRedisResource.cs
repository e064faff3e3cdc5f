namespace AgentPlatform.AppHost;

/// <summary>A Redis server that runs as a process of this machine.</summary>
internal sealed class LocalRedisResource(string name, string program, string folder, string password)
    : ExecutableResource(name, program, folder), IResourceWithConnectionString
{
    /// <summary>The name of the only endpoint.</summary>
    public const string EndpointName = "tcp";

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression
    {
        get
        {
            var endpoint = new EndpointReference(this, EndpointName);
            return ReferenceExpression.Create($"{LocalServers.Host}:{endpoint.Property(EndpointProperty.Port)},password={password}");
        }
    }
}
