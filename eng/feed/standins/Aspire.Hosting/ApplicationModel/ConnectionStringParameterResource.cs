using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A connection string that configuration names: <c>ConnectionStrings:name</c>.</summary>
internal sealed class ConnectionStringParameterResource(string name, IConfiguration configuration) : Resource(name), IResourceWithConnectionString
{
    public ReferenceExpression ConnectionStringExpression =>
        configuration.GetConnectionString(Name) is { Length: > 0 } text
            ? ReferenceExpression.Create($"{text}")
            : throw new DistributedApplicationException(
                $"{Name}: the configuration has no connection string of this name (set ConnectionStrings__{Name})");
}
