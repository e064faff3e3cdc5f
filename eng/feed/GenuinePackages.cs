using System.Text.Json;

namespace AgentPlatform.Feed;

/// <summary>
/// Packages of the unmodified assemblies in the Aspire CLI. The list of dependencies that lies beside them names
/// every package with its version, its files, and what it depends on.
/// </summary>
internal sealed class GenuinePackages
{
    private const string DependencyList = "aspire-managed.deps.json";

    // Asked for by our projects; what these depend on comes along.
    private static readonly string[] Wanted =
    [
        "Google.Protobuf",
        "Grpc.AspNetCore",
        "Grpc.Net.Client",
        "Grpc.Net.ClientFactory",
        "Microsoft.IdentityModel.JsonWebTokens",
        "Microsoft.IdentityModel.Protocols.OpenIdConnect",
        "OpenTelemetry.Exporter.OpenTelemetryProtocol",
        "OpenTelemetry.Extensions.Hosting",
        "System.IO.Hashing", // Of Yarp.ReverseProxy.
    ];

    // A package of build tools has no assembly, so the list of dependencies leaves it out.
    private static readonly Dictionary<string, PackageDependency> BuildTools = new()
    {
        ["Grpc.AspNetCore"] = new("Grpc.Tools", "2.80.0"),
    };

    private readonly SingleFileBundle _bundle;
    private readonly Dictionary<string, (PackageId Package, JsonElement Facts)> _listed;

    private GenuinePackages(SingleFileBundle bundle)
    {
        _bundle = bundle;
        using var list = JsonDocument.Parse(bundle.Read(DependencyList));
        var target = list.RootElement.GetProperty("runtimeTarget").GetProperty("name").GetString()!;
        _listed = list.RootElement.GetProperty("targets").GetProperty(target).EnumerateObject()
            .Select(entry => (Package: PackageId.Parse(entry.Name), Facts: entry.Value.Clone()))
            .ToDictionary(entry => entry.Package.Id);
    }

    /// <summary>All packages to be made of <paramref name="bundle"/>.</summary>
    /// <exception cref="FeedException">The bundle lacks one of them.</exception>
    public static List<NuGetPackage> Of(SingleFileBundle bundle)
    {
        var source = new GenuinePackages(bundle);
        var found = new Dictionary<string, NuGetPackage>();
        var pending = new Queue<string>(Wanted);
        while (pending.TryDequeue(out var id))
        {
            if (!found.ContainsKey(id))
            {
                found[id] = source.Find(id, out var dependencies);
                dependencies.ForEach(dependency => pending.Enqueue(dependency.Id));
            }
        }

        return [.. found.Values];
    }

    private NuGetPackage Find(string id, out List<PackageDependency> dependencies)
    {
        if (!_listed.TryGetValue(id, out var entry))
        {
            throw new FeedException($"the Aspire CLI does not carry {id}");
        }

        dependencies = Members(entry.Facts, "dependencies")
            .ConvertAll(dependency => new PackageDependency(dependency.Name, dependency.Value.GetString()!));
        var files = Members(entry.Facts, "runtime")
            .ConvertAll(file => new PackageFile(file.Name, _bundle.Read(Path.GetFileName(file.Name))));
        List<PackageDependency> withTools = BuildTools.TryGetValue(id, out var tools) ? [.. dependencies, tools] : dependencies;
        return new NuGetPackage(entry.Package, withTools, files);
    }

    private static List<JsonProperty> Members(JsonElement facts, string name) =>
        facts.TryGetProperty(name, out var properties) ? [.. properties.EnumerateObject()] : [];
}
