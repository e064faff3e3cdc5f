using System.Security.Cryptography;

namespace AgentPlatform.Feed;

/// <summary>What NuGet has unpacked of the feed's packages.</summary>
internal static class PackageCache
{
    /// <summary>
    /// Removes what was unpacked from another file than the feed holds now. NuGet takes a version for unchangeable,
    /// and would go on using it.
    /// </summary>
    public static void EvictStale(Folders folders, IEnumerable<PackageId> packages)
    {
        foreach (var package in packages)
        {
            var unpacked = Path.Combine(folders.Cache, package.Id.ToLowerInvariant(), package.Version);
            if (Directory.Exists(unpacked) && HashOfUnpacked(unpacked, package) != HashOf(Path.Combine(folders.Packages, package.FileName)))
            {
                Directory.Delete(unpacked, recursive: true);
            }
        }
    }

    // NuGet leaves the hash of the file beside what it took from it.
    private static string? HashOfUnpacked(string unpacked, PackageId package)
    {
        var path = Path.Combine(unpacked, $"{package.FileName.ToLowerInvariant()}.sha512");
        return File.Exists(path) ? File.ReadAllText(path) : null;
    }

    private static string HashOf(string file) => Convert.ToBase64String(SHA512.HashData(File.ReadAllBytes(file)));
}
