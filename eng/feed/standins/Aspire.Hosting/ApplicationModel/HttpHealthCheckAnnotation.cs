namespace Aspire.Hosting.ApplicationModel;

/// <summary>A replica is healthy when GET of this path answers with this status.</summary>
internal sealed record HttpHealthCheckAnnotation(string EndpointName, string Path, int StatusCode) : IResourceAnnotation;
