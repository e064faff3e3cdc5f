namespace Aspire.Hosting.ApplicationModel;

/// <summary>Arguments added to a resource's command line.</summary>
internal sealed record ArgumentsAnnotation(IReadOnlyList<string> Arguments) : IResourceAnnotation;
