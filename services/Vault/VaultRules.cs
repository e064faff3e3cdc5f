using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Vault;

/// <summary>Which paths may be asked for, how much is handed out, and the refusals of the vault. No I/O.</summary>
public static class VaultRules
{
    public const int PathMaximumCharacters = 512;
    public const long FileMaximumBytes = 10_000_000;
    public const int ChunkMaximumBytes = 64 * 1024;

    /// <summary>How many folders below the root a listed file may be.</summary>
    public const int ListMaximumDepth = 32;

    private static readonly string[] Extensions = [".pdf", ".xlsx", ".xml", ".csv"];

    /// <summary>Refuses what can be refused by the path alone, so that none of these answers depends on what is on the disk.</summary>
    public static void Check(ReadFileRequest request)
    {
        if (FindFault(request.Path) is { } fault)
            throw Errors.InvalidArgument("path", fault);
        if (!HasAllowedExtension(request.Path))
            throw Errors.FailedPrecondition("EXTENSION_NOT_ALLOWED", $"The vault hands out {string.Join(", ", Extensions)} only.");
        if (IsHidden(request.Path))
            throw NotFound(request.Path);
    }

    public static void Check(ListFilesRequest request)
    {
        var prefix = request.PathPrefix;
        if (prefix.Length > 0 && FindFault(prefix.EndsWith('/') ? prefix[..^1] : prefix) is { } fault)
            throw Errors.InvalidArgument("path_prefix", fault);
    }

    /// <summary>Whether a path found on the disk is one that <see cref="Check(ReadFileRequest)"/> would let through.</summary>
    public static bool IsReadable(string path) => FindFault(path) is null && HasAllowedExtension(path) && !IsHidden(path);

    /// <summary>Whether a part of the path starts with a dot.</summary>
    public static bool IsHidden(string path) => path.StartsWith('.') || path.Contains("/.", StringComparison.Ordinal);

    public static PlatformException NotFound(string path) => Errors.NotFound("FILE_NOT_FOUND", $"There is no file {path} in the vault.");

    public static PlatformException TooLarge(string path) =>
        Errors.FailedPrecondition("FILE_TOO_LARGE", $"{path} is larger than {FileMaximumBytes:N0} bytes.");

    public static PlatformException Changed(string path) =>
        new(StatusCode.Aborted, "FILE_CHANGED", $"{path} was changed while it was being read; drop what came and read it again.");

    public static PlatformException TooManyEntries(int maximum) => Errors.FailedPrecondition("LIST_TOO_LARGE",
        $"The list would have to look at more than {maximum:N0} entries; narrow it by path_prefix.");

    public static PlatformException TooDeep(string folder) => Errors.FailedPrecondition("LIST_TOO_DEEP",
        $"{folder} is more than {ListMaximumDepth} folders below the root; narrow the list by path_prefix.");

    // Names are not normalised in any way: what is no exact name of a file is no file.
    private static string? FindFault(string path)
    {
        if (path.Length == 0)
            return "is required";
        if (path.Length > PathMaximumCharacters)
            return $"has {path.Length:N0} characters; at most {PathMaximumCharacters} are allowed";
        if (path.Contains('\\'))
            return "contains a backslash; parts are joined by /";
        if (path.Any(char.IsControl))
            return "contains a control character";
        if (path.StartsWith('/'))
            return "is absolute; paths start below the vault's root";
        foreach (var part in path.Split('/'))
        {
            if (part.Length == 0)
                return "has an empty part";
            if (part is "." or "..")
                return $"has the part {part}";
        }
        return null;
    }

    private static bool HasAllowedExtension(string path) =>
        Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}
