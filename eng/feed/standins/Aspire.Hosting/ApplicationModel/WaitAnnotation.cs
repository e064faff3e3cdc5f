namespace Aspire.Hosting.ApplicationModel;

/// <summary>A resource starts only when another is healthy or, with an exit code, has ended with that code.</summary>
internal sealed record WaitAnnotation(IResource Dependency, int? ExitCode) : IResourceAnnotation;
