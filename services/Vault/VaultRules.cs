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

    private static readonly Dictionary<string, FileKind> Kinds = new(StringComparer.OrdinalIgnoreCase)
    {
        [".pdf"] = FileKind.Pdf,
        [".xlsx"] = FileKind.Xlsx,
        [".xml"] = FileKind.Xml,
        [".csv"] = FileKind.Csv,
    };

    /// <summary>Refuses what can be refused by the path alone, so that none of these answers depends on what is on the disk.</summary>
    public static void CheckPath(string path)
    {
        if (FindFault(path) is { } fault)
            throw Errors.InvalidArgument("path", fault);
        if (KindOf(path) is FileKind.Unspecified)
            throw Errors.FailedPrecondition("EXTENSION_NOT_ALLOWED", $"The vault hands out {string.Join(", ", Kinds.Keys)} only.");
        if (IsHidden(path))
            throw NotFound(path);
    }

    public static void Check(ListFilesRequest request, out PathPattern? pattern)
    {
        var checks = CheckPrefix(new FieldChecks(), request.PathPrefix);
        pattern = null;
        if (request.Pattern.Length > 0)
            checks.Pattern("pattern", request.Pattern, out pattern);
        checks.ThrowIfAny();
    }

    public static FieldChecks CheckPrefix(FieldChecks checks, string prefix) =>
        prefix.Length > 0 && FindFault(prefix.EndsWith('/') ? prefix[..^1] : prefix) is { } fault ? checks.Require(false, "path_prefix", fault) : checks;

    public static void Check(ReadFileRequest request) => new FieldChecks()
        .Require(request.Offset >= 0, "offset", "is negative")
        .Require(request.Length >= 0, "length", "is negative")
        .ThrowIfAny();

    /// <summary>Where the range of a request ends; never behind the file.</summary>
    public static long EndOf(ReadFileRequest request, long sizeBytes)
    {
        if (request.Offset > sizeBytes)
            throw OutsideRange(request.Path, sizeBytes);
        return request.Length == 0 ? sizeBytes : request.Offset + Math.Min(request.Length, sizeBytes - request.Offset);
    }

    /// <summary>How the audit log names a path.</summary>
    public static string ResourceOf(string path) => $"vault/{path}";

    /// <summary>A pattern of paths, with the rules of a path.</summary>
    public static FieldChecks Pattern(this FieldChecks checks, string field, string text, out PathPattern? pattern)
    {
        var fault = FindFault(text) ?? (PathPattern.IsWellFormed(text) ? null : "has ** beside other characters; it stands for whole parts");
        pattern = fault is null ? new PathPattern(text) : null;
        return checks.Require(fault is null, field, fault ?? "");
    }

    /// <summary>Whether a path found on the disk is one that <see cref="CheckPath"/> would let through.</summary>
    public static bool IsReadable(string path) => FindFault(path) is null && KindOf(path) is not FileKind.Unspecified && !IsHidden(path);

    /// <summary>What a file is by its extension.</summary>
    public static FileKind KindOf(string path) => Kinds.GetValueOrDefault(Path.GetExtension(path));

    /// <summary>Whether a part of the path starts with a dot.</summary>
    public static bool IsHidden(string path) => path.StartsWith('.') || path.Contains("/.", StringComparison.Ordinal);

    public static PlatformException NotFound(string path) => Errors.NotFound("FILE_NOT_FOUND", $"There is no file {path} in the vault.");

    public static PlatformException TooLarge(string path) =>
        Errors.FailedPrecondition("FILE_TOO_LARGE", $"{path} is larger than {FileMaximumBytes:N0} bytes.");

    public static PlatformException OtherContent(string path) => Errors.FailedPrecondition("CONTENT_NOT_ALLOWED",
        $"The content of {path} is not that of a {Path.GetExtension(path).ToLowerInvariant()} file.");

    public static PlatformException OutsideRange(string path, long sizeBytes) => Errors.FailedPrecondition("RANGE_OUTSIDE_FILE",
        $"{path} has {sizeBytes:N0} bytes; the range begins behind them.");

    public static PlatformException Changed(string path) =>
        new(StatusCode.Aborted, "FILE_CHANGED", $"{path} was changed while it was being read; drop what came and read it again.");

    public static PlatformException TooManyEntries(int maximum) => Errors.FailedPrecondition("LIST_TOO_LARGE",
        $"The list would have to look at more than {maximum:N0} entries; narrow it by path_prefix.");

    public static PlatformException TooDeep(string folder) => Errors.FailedPrecondition("LIST_TOO_DEEP",
        $"{folder} is more than {ListMaximumDepth} folders below the root; narrow the list by path_prefix.");

    // Names are opened as they are given, in no other form: what is no exact name of a file is no file. Rules and labels compare them in more forms.
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
}
