namespace Aspire.Hosting.ApplicationModel;

/// <summary>A Redis container. Described only: see <see cref="ContainerResource"/>.</summary>
public sealed class RedisResource : ContainerResource, IResourceWithConnectionString
{
    internal const string EndpointName = "tcp";

    internal RedisResource(string name) : base(name) => PrimaryEndpoint = new EndpointReference(this, EndpointName);

    /// <summary>Where it would listen.</summary>
    public EndpointReference PrimaryEndpoint { get; }

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"{PrimaryEndpoint.Property(EndpointProperty.Host)}:{PrimaryEndpoint.Property(EndpointProperty.Port)}");
}
