namespace AgentPlatform.Vault;

/// <summary>The root is not one to serve from; the message is one line for the person who starts the service.</summary>
public sealed class VaultRootException(string message) : Exception(message);
