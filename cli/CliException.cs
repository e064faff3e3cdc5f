namespace AgentPlatform.Cli;

/// <summary>A command cannot go on. The message is one line for the person at the terminal: what is wrong, and what to do.</summary>
public sealed class CliException(string message, Exception? inner = null) : Exception(message, inner);
