namespace Aspire.Hosting.ApplicationModel;

/// <summary>Environment variables that a resource gets when it starts; a later annotation wins.</summary>
internal sealed record EnvironmentAnnotation(Action<IDictionary<string, object>> Add) : IResourceAnnotation;
