namespace AgentPlatform.AppHost;

/// <summary>Where Postgres and Redis come from.</summary>
internal enum InfraKind
{
    /// <summary>Containers if a container runtime answers, else local servers.</summary>
    Auto,

    /// <summary>Containers that Aspire starts.</summary>
    Containers,

    /// <summary>The programs of this machine, with their data in the data folder.</summary>
    Local,

    /// <summary>Servers that run already, named by connection strings.</summary>
    External,
}
