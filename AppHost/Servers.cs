using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;

namespace AgentPlatform.AppHost;

/// <summary>Postgres and Redis, wherever they come from; the rest of the AppHost does not know the difference.</summary>
/// <param name="Kind">The way that was taken; never <see cref="InfraKind.Auto"/>.</param>
/// <param name="Database">The database as its administrator. Only the migrator gets this.</param>
/// <param name="Redis">The cache.</param>
/// <param name="ConnectionString">The database as somebody else: takes user and password.</param>
/// <param name="DatabaseAddress">Null while only Aspire knows it, which is so with containers.</param>
internal sealed record Servers(
    InfraKind Kind,
    IResourceBuilder<IResourceWithConnectionString> Database,
    IResourceBuilder<IResourceWithConnectionString> Redis,
    Func<string, string, ReferenceExpression> ConnectionString,
    DatabaseAddress? DatabaseAddress)
{
    /// <summary>Under this name services ask for the database, and it has this name itself.</summary>
    public const string DatabaseName = "agentplatform";

    private static readonly TimeSpan RuntimeTimeout = TimeSpan.FromSeconds(3);

    /// <summary>All names that Npgsql knows for what a login of its own must replace.</summary>
    private static readonly string[] LoginKeys =
        ["Username", "User Name", "UserId", "User Id", "Uid", "User", "Password", "Pwd", "Psw", "Passfile", "Application Name"];

    /// <summary>Adds both servers in the way that the settings ask for.</summary>
    public static async Task<Servers> AddAsync(IDistributedApplicationBuilder builder, Settings settings, DataFolder data) => settings.Infra switch
    {
        InfraKind.Containers => AddContainers(builder, data),
        InfraKind.Local => await AddLocalAsync(builder, data),
        InfraKind.External => AddExternal(builder),
        _ => await HasContainerRuntimeAsync() ? AddContainers(builder, data) : await AddLocalAsync(builder, data),
    };

    private static Servers AddContainers(IDistributedApplicationBuilder builder, DataFolder data)
    {
        // The volume outlives the run, so the password must too; and another data folder is another platform.
        var password = builder.AddParameter("postgres-password", LocalPostgres.AdminPassword(data), secret: true);
        var folderId = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(data.Path)))[..8];
        var postgres = builder.AddPostgres("postgres", password: password)
            .WithDataVolume($"agentplatform-postgres-{folderId}")
            // As on a local server: text sorts by bytes everywhere.
            .WithEnvironment("POSTGRES_INITDB_ARGS", "--auth-host=scram-sha-256 --auth-local=scram-sha-256 --encoding=UTF8 --no-locale --set=log_error_verbosity=terse");
        var host = postgres.Resource.PrimaryEndpoint.Property(EndpointProperty.Host);
        var port = postgres.Resource.PrimaryEndpoint.Property(EndpointProperty.Port);
        return new Servers(
            InfraKind.Containers,
            postgres.AddDatabase(DatabaseName),
            builder.AddRedis("redis"),
            (user, secret) => ReferenceExpression.Create($"Host={host};Port={port};Database={DatabaseName};Username={user};Password={secret}"),
            DatabaseAddress: null);
    }

    private static async Task<Servers> AddLocalAsync(IDistributedApplicationBuilder builder, DataFolder data)
    {
        var postgres = await builder.AddLocalPostgresAsync("postgres", DatabaseName, data);
        var redis = builder.AddLocalRedis("redis", data);
        return new Servers(
            InfraKind.Local, postgres, redis, postgres.Resource.ConnectionString,
            new DatabaseAddress(LocalServers.Host, postgres.Resource.Port, LocalPostgresResource.Administrator));
    }

    private static Servers AddExternal(IDistributedApplicationBuilder builder)
    {
        var database = new DbConnectionStringBuilder { ConnectionString = Required(builder, DatabaseName) };
        _ = Required(builder, "redis");
        if ((Value(database, "Database") ?? Value(database, "DB")) is null)
        {
            throw Exit.With($"the connection string of {DatabaseName} names no database; add Database={DatabaseName}");
        }

        var address = new DatabaseAddress(
            $"{Value(database, "Host") ?? Value(database, "Server")}",
            int.TryParse(Value(database, "Port"), out var port) ? port : 5432,
            $"{Value(database, "Username") ?? Value(database, "User Id")}");
        foreach (var key in LoginKeys)
        {
            database.Remove(key);
        }

        return new Servers(
            InfraKind.External,
            builder.AddConnectionString(DatabaseName),
            builder.AddConnectionString("redis"),
            (user, secret) =>
            {
                var own = new DbConnectionStringBuilder { ConnectionString = database.ConnectionString, ["Username"] = user, ["Password"] = secret };
                return ReferenceExpression.Create($"{own.ConnectionString}");
            },
            address);
    }

    private static string Required(IDistributedApplicationBuilder builder, string name)
    {
        if (builder.Configuration.GetConnectionString(name) is not { Length: > 0 } text)
        {
            throw Exit.With($"--infra external needs the connection string of {name}: set ConnectionStrings__{name}");
        }

        // The configuration has it; services would inherit the administrator's password with the environment.
        Environment.SetEnvironmentVariable($"ConnectionStrings__{name}", null);
        return text;
    }

    private static string? Value(DbConnectionStringBuilder text, string key) => text.TryGetValue(key, out var value) ? $"{value}" : null;

    private static async Task<bool> HasContainerRuntimeAsync()
    {
        var answers = await Task.WhenAll(
            Command.SucceedsAsync("docker", ["info"], RuntimeTimeout),
            Command.SucceedsAsync("podman", ["info"], RuntimeTimeout));
        return answers.Contains(true);
    }
}
