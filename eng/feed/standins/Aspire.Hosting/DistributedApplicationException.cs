namespace Aspire.Hosting;

/// <summary>The application cannot be started as described; the message names the resource and the cause in one line.</summary>
public class DistributedApplicationException(string message) : Exception(message);
