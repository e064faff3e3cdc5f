namespace Aspire.Hosting.ApplicationModel;

/// <summary>A resource uses another, which therefore stops later.</summary>
internal sealed record ReferenceAnnotation(IResource Target) : IResourceAnnotation;
