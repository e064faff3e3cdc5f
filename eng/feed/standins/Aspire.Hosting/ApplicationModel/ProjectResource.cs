namespace Aspire.Hosting.ApplicationModel;

/// <summary>A .NET project of this solution, run from what its build made.</summary>
public class ProjectResource(string name)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithServiceDiscovery, IResourceWithWaitSupport;
