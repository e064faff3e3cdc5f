namespace AgentPlatform.AppHost;

/// <summary>Where Postgres listens and who administers it, without the password.</summary>
internal sealed record DatabaseAddress(string Host, int Port, string Username);
