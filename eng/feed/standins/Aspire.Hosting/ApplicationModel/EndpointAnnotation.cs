namespace Aspire.Hosting.ApplicationModel;

/// <summary>An endpoint that a resource listens at. Each replica gets a port of its own; nothing stands in front of them.</summary>
internal sealed class EndpointAnnotation(string name, string scheme, int? fixedPort, string? portVariable) : IResourceAnnotation
{
    public const string Host = "localhost";

    public string Name { get; } = name;

    /// <summary>The port that was asked for, or null for any free one.</summary>
    public int? FixedPort { get; } = fixedPort;

    /// <summary>The environment variable in which the resource finds its port.</summary>
    public string? PortVariable { get; } = portVariable;

    /// <summary>The ports by replica; empty until the application starts.</summary>
    public IReadOnlyList<int> Ports { get; set; } = [];

    public string Url(int port) => $"{scheme}://{Host}:{port}";
}
