using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Adds values from outside.</summary>
public static class ParameterResourceBuilderExtensions
{
    /// <summary>Adds a value that the AppHost has found itself.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, string value, bool publishValueAsDefault = false, bool secret = false) =>
        builder.AddResource(new ParameterResource(name, value));

    /// <summary>Adds the connection string <c>ConnectionStrings:name</c> of the configuration. That it is missing shows at start.</summary>
    public static IResourceBuilder<IResourceWithConnectionString> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name, string? environmentVariableName = null) =>
        environmentVariableName is null
            ? builder.AddResource(new ConnectionStringParameterResource(name, builder.Configuration))
            : throw new DistributedApplicationException($"{name}: the stand-in for Aspire gives a connection string no variable of its own");
}
