using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Describes Postgres containers.</summary>
public static class PostgresBuilderExtensions
{
    /// <summary>Adds a Postgres server whose administrator is <c>postgres</c>. The password is needed: none is made up here.</summary>
    public static IResourceBuilder<PostgresServerResource> AddPostgres(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource>? userName = null,
        IResourceBuilder<ParameterResource>? password = null, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(password);
        return builder.AddResource(new PostgresServerResource(name, password.Resource))
            .WithEndpoint(port, scheme: "tcp", name: PostgresServerResource.EndpointName);
    }

    /// <summary>Keeps the server's data. Nothing is kept here, as nothing is started.</summary>
    public static IResourceBuilder<PostgresServerResource> WithDataVolume(
        this IResourceBuilder<PostgresServerResource> builder, string? name = null, bool isReadOnly = false) => builder;

    /// <summary>Adds a database.</summary>
    public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(
        this IResourceBuilder<PostgresServerResource> builder, string name, string? databaseName = null) =>
        builder.ApplicationBuilder.AddResource(new PostgresDatabaseResource(name, databaseName ?? name, builder.Resource));
}
