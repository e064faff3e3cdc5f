using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>What can be said of resources.</summary>
public static class ResourceBuilderExtensions
{
    /// <summary>Sets an environment variable.</summary>
    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, string? value)
        where T : IResourceWithEnvironment =>
        builder.WithVariable(name, value ?? "");

    /// <summary>Sets an environment variable to a value that is known at start.</summary>
    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, ReferenceExpression value)
        where T : IResourceWithEnvironment =>
        builder.WithVariable(name, value);

    /// <summary>Sets an environment variable to an endpoint's URL.</summary>
    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, EndpointReference endpointReference)
        where T : IResourceWithEnvironment =>
        builder.WithVariable(name, endpointReference);

    /// <summary>Adds command line arguments.</summary>
    public static IResourceBuilder<T> WithArgs<T>(this IResourceBuilder<T> builder, params string[] args) where T : IResourceWithArgs =>
        builder.Annotated(new ArgumentsAnnotation(args));

    /// <summary>Adds an endpoint. With <c>env</c> the resource finds its port in that variable; without a port it gets a free one.</summary>
    public static IResourceBuilder<T> WithEndpoint<T>(
        this IResourceBuilder<T> builder, int? port = null, int? targetPort = null, string? scheme = null, string? name = null,
        string? env = null, bool? isProxied = null)
        where T : IResourceWithEndpoints =>
        builder.Annotated(new EndpointAnnotation(name ?? scheme ?? "tcp", scheme ?? "tcp", port ?? targetPort, env));

    /// <summary>Adds an HTTP endpoint. There is no proxy in front of it, whatever <c>isProxied</c> says.</summary>
    public static IResourceBuilder<T> WithHttpEndpoint<T>(
        this IResourceBuilder<T> builder, int? port = null, int? targetPort = null, string? name = null, string? env = null,
        bool? isProxied = null)
        where T : IResourceWithEndpoints =>
        builder.WithEndpoint(port, targetPort, "http", name, env, isProxied);

    /// <summary>Names an endpoint; that it exists is checked when its value is asked for.</summary>
    public static EndpointReference GetEndpoint<T>(this IResourceBuilder<T> builder, string name) where T : IResourceWithEndpoints =>
        new(builder.Resource, name);

    /// <summary>Gives the resource <c>ConnectionStrings__name</c> of another.</summary>
    public static IResourceBuilder<T> WithReference<T>(
        this IResourceBuilder<T> builder, IResourceBuilder<IResourceWithConnectionString> source, string? connectionName = null, bool optional = false)
        where T : IResourceWithEnvironment =>
        builder.Annotated(new ReferenceAnnotation(source.Resource))
            .WithVariable($"ConnectionStrings__{connectionName ?? source.Resource.Name}", source.Resource);

    /// <summary>Gives the resource the addresses of another: <c>services__name__endpoint__0</c>, one a replica.</summary>
    public static IResourceBuilder<T> WithReference<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResourceWithServiceDiscovery> source)
        where T : IResourceWithEnvironment =>
        builder.Annotated(new ReferenceAnnotation(source.Resource)).Annotated(new EnvironmentAnnotation(variables =>
        {
            foreach (var endpoint in source.Resource.Annotations.OfType<EndpointAnnotation>())
            {
                for (var replica = 0; replica < endpoint.Ports.Count; replica++)
                {
                    variables[$"services__{source.Resource.Name}__{endpoint.Name}__{replica}"] = endpoint.Url(endpoint.Ports[replica]);
                }
            }
        }));

    /// <summary>Starts the resource only once another is healthy.</summary>
    public static IResourceBuilder<T> WaitFor<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency)
        where T : IResourceWithWaitSupport =>
        builder.Annotated(new WaitAnnotation(dependency.Resource, ExitCode: null));

    /// <summary>Starts the resource only once another has ended with this exit code.</summary>
    public static IResourceBuilder<T> WaitForCompletion<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency, int exitCode = 0)
        where T : IResourceWithWaitSupport =>
        builder.Annotated(new WaitAnnotation(dependency.Resource, exitCode));

    /// <summary>Asks the health check registered under this key before the resource counts as healthy.</summary>
    public static IResourceBuilder<T> WithHealthCheck<T>(this IResourceBuilder<T> builder, string key) where T : IResource =>
        builder.Annotated(new HealthCheckAnnotation(key));

    /// <summary>Asks an HTTP endpoint before the resource counts as healthy.</summary>
    public static IResourceBuilder<T> WithHttpHealthCheck<T>(
        this IResourceBuilder<T> builder, string? path = null, int? statusCode = null, string? endpointName = null)
        where T : IResourceWithEndpoints =>
        builder.Annotated(new HttpHealthCheckAnnotation(endpointName ?? "http", path ?? "/", statusCode ?? 200));

    internal static IResourceBuilder<T> Annotated<T>(this IResourceBuilder<T> builder, IResourceAnnotation annotation) where T : IResource
    {
        builder.Resource.Annotations.Add(annotation);
        return builder;
    }

    private static IResourceBuilder<T> WithVariable<T>(this IResourceBuilder<T> builder, string name, object value) where T : IResource =>
        builder.Annotated(new EnvironmentAnnotation(variables => variables[name] = value));
}
