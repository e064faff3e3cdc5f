namespace AgentPlatform.AppHost;

/// <summary>A Postgres server that runs as a process of this machine.</summary>
internal sealed class LocalPostgresResource(string name, string folder, int port, string databaseName, string password)
    : ExecutableResource(name, "/bin/sh", folder), IResourceWithConnectionString
{
    /// <summary>The name of the only endpoint.</summary>
    public const string EndpointName = "tcp";

    /// <summary>The superuser.</summary>
    public const string Administrator = "postgres";

    /// <summary>Where it listens.</summary>
    public int Port { get; } = port;

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression => ConnectionString(Administrator, password);

    /// <summary>The same database as somebody else.</summary>
    public ReferenceExpression ConnectionString(string user, string secret)
    {
        var endpoint = new EndpointReference(this, EndpointName);
        return ReferenceExpression.Create(
            $"Host={LocalServers.Host};Port={endpoint.Property(EndpointProperty.Port)};Database={databaseName};Username={user};Password={secret}");
    }
}
