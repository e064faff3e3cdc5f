namespace Aspire.Hosting.ApplicationModel;

/// <summary>A Postgres container. Described only: see <see cref="ContainerResource"/>.</summary>
public sealed class PostgresServerResource : ContainerResource, IResourceWithConnectionString
{
    internal const string EndpointName = "tcp";

    private readonly ParameterResource _password;

    internal PostgresServerResource(string name, ParameterResource password) : base(name)
    {
        _password = password;
        PrimaryEndpoint = new EndpointReference(this, EndpointName);
    }

    /// <summary>Where it would listen.</summary>
    public EndpointReference PrimaryEndpoint { get; }

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"Host={Host};Port={Port};Username=postgres;Password={_password}");

    private EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);

    private EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);
}
