namespace AgentPlatform.Migrations;

/// <summary>Why the database cannot be brought up to date, in one line for the person who started the platform.</summary>
public sealed class MigrationException(string message, Exception? inner = null) : Exception(message, inner);
