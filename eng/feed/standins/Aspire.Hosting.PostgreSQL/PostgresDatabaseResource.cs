namespace Aspire.Hosting.ApplicationModel;

/// <summary>A database of a Postgres container.</summary>
public sealed class PostgresDatabaseResource : Resource, IResourceWithConnectionString
{
    private readonly string _databaseName;

    internal PostgresDatabaseResource(string name, string databaseName, PostgresServerResource parent) : base(name)
    {
        _databaseName = databaseName;
        Parent = parent;
    }

    /// <summary>The server that it lies on.</summary>
    public PostgresServerResource Parent { get; }

    /// <inheritdoc />
    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"{Parent.ConnectionStringExpression};Database={_databaseName}");
}
