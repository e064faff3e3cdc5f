namespace Aspire.Hosting.ApplicationModel;

/// <summary>A resource is healthy when the registered health check of this key says so.</summary>
internal sealed record HealthCheckAnnotation(string Key) : IResourceAnnotation;
