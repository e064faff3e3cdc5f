namespace AgentPlatform.Feed;

/// <summary>A failure that the person at the terminal can act on; its message is one line.</summary>
internal sealed class FeedException(string message) : Exception(message);
