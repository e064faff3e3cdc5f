using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace AgentPlatform.Feed;

/// <summary>A package of assemblies that were built elsewhere.</summary>
internal sealed class NuGetPackage(PackageId id, IReadOnlyList<PackageDependency> dependencies, IReadOnlyList<PackageFile> files)
{
    private const string DefaultFramework = "net10.0";

    private static readonly XNamespace Nuspec = "http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd";
    private static readonly XNamespace ContentTypes = "http://schemas.openxmlformats.org/package/2006/content-types";
    private static readonly XNamespace Relationships = "http://schemas.openxmlformats.org/package/2006/relationships";

    // The same input must give the same bytes: a package that did not change is not unpacked anew.
    private static readonly DateTimeOffset FileTime = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // lib/<framework>/X.dll
    private readonly string _framework = files.Count > 0 ? files[0].Path.Split('/')[1] : DefaultFramework;

    /// <summary>Its name and version.</summary>
    public PackageId Id => id;

    /// <summary>Writes the .nupkg file to <paramref name="folder"/>, unless just the same is there.</summary>
    public void WriteTo(string folder)
    {
        var path = Path.Combine(folder, id.FileName);
        var content = ToBytes();
        if (!File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
        {
            File.WriteAllBytes(path + ".new", content);
            File.Move(path + ".new", path, overwrite: true);
        }
    }

    private byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(archive, "_rels/.rels", Xml(PackageRelationships()));
            Add(archive, "[Content_Types].xml", Xml(FileTypes()));
            Add(archive, $"{id.Id}.nuspec", Xml(Manifest()));
            foreach (var file in files)
            {
                Add(archive, file.Path, file.Content);
            }

            if (files.Count == 0)
            {
                // NuGet's way to say "for this framework, and on purpose nothing".
                Add(archive, $"lib/{_framework}/_._", []);
            }
        }

        return stream.ToArray();
    }

    private XElement Manifest() => new(Nuspec + "package",
        new XElement(Nuspec + "metadata",
            new XElement(Nuspec + "id", id.Id),
            new XElement(Nuspec + "version", id.Version),
            new XElement(Nuspec + "authors", "See the package of this name in the public gallery"),
            new XElement(Nuspec + "description", "Made from the unmodified assemblies that the Aspire CLI carries."),
            new XElement(Nuspec + "dependencies",
                new XElement(Nuspec + "group", new XAttribute("targetFramework", _framework),
                    dependencies.Select(dependency => new XElement(Nuspec + "dependency",
                        new XAttribute("id", dependency.Id), new XAttribute("version", dependency.Version))))),
            NeedsAspNetCore()
                ? new XElement(Nuspec + "frameworkReferences",
                    new XElement(Nuspec + "group", new XAttribute("targetFramework", _framework),
                        new XElement(Nuspec + "frameworkReference", new XAttribute("name", "Microsoft.AspNetCore.App"))))
                : null));

    // The list of dependencies leaves out the Microsoft.Extensions packages, because ASP.NET Core's shared framework
    // supplies them; so the package asks for that framework in their place.
    private bool NeedsAspNetCore() => files.Any(file =>
    {
        using var image = new PEReader(new MemoryStream(file.Content));
        var metadata = image.GetMetadataReader();
        return metadata.AssemblyReferences
            .Select(reference => metadata.GetString(metadata.GetAssemblyReference(reference).Name))
            .Any(name => name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal)
                || name.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal));
    });

    private XElement PackageRelationships() => new(Relationships + "Relationships",
        new XElement(Relationships + "Relationship",
            new XAttribute("Type", "http://schemas.microsoft.com/packaging/2010/07/manifest"),
            new XAttribute("Target", $"/{id.Id}.nuspec"),
            new XAttribute("Id", "R1")));

    private static XElement FileTypes() => new(ContentTypes + "Types",
        FileType("rels", "application/vnd.openxmlformats-package.relationships+xml"),
        FileType("nuspec", "application/octet"),
        FileType("dll", "application/octet"),
        FileType("_", "application/octet"));

    private static XElement FileType(string extension, string type) =>
        new(ContentTypes + "Default", new XAttribute("Extension", extension), new XAttribute("ContentType", type));

    private static byte[] Xml(XElement root)
    {
        using var stream = new MemoryStream();
        new XDocument(root).Save(stream);
        return stream.ToArray();
    }

    private static void Add(ZipArchive archive, string path, byte[] content)
    {
        var entry = archive.CreateEntry(path, CompressionLevel.Fastest);
        entry.LastWriteTime = FileTime;
        using var stream = entry.Open();
        stream.Write(content);
    }
}
