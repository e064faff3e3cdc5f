namespace Aspire.Hosting.ApplicationModel;

/// <summary>A container. It can be described, but an application that has one does not start: the stand-ins run no containers.</summary>
public class ContainerResource(string name)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport;
