using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace AgentPlatform.Migrations;

/// <summary>One embedded SQL script.</summary>
public sealed record Migration(string Name, string Sql)
{
    private const string SharedFolder = "shared";

    /// <summary>SHA-256 of the text with plain line ends, in hexadecimal: a checkout's line ends are no edit.</summary>
    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));

    /// <summary>A service's scripts in the order they run: those that all schemas share, then its own.</summary>
    public static IReadOnlyList<Migration> Of(string service) => [.. Folder(SharedFolder), .. Folder(service)];

    private static IEnumerable<Migration> Folder(string folder) =>
        from resource in Assembly.GetExecutingAssembly().GetManifestResourceNames()
        where resource.StartsWith($"{folder}/", StringComparison.OrdinalIgnoreCase)
        orderby resource
        let file = resource[(resource.LastIndexOf('/') + 1)..]
        select new Migration(folder == SharedFolder ? resource : file, Read(resource));

    private static string Read(string resource)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
