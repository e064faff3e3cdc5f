using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace AgentPlatform.Tests.Platforms;

/// <summary>Rules of the house that a compiler does not know, each with its reason.</summary>
public sealed partial class TidyTests
{
    private const int MaximumLines = 400;

    // Where a call may not stand, and why.
    private static readonly (Regex Call, string Reason)[] Banned =
    [
        (Now(), "time comes from TimeProvider, or tests cannot move it"),
        (Sleep(), "it blocks a thread; wait on a condition"),
        (Blocking(), "it blocks a thread and can deadlock; await"),
        (StringBuiltSql(), "values go into SQL as parameters"),
    ];

    private static IEnumerable<string> Files(string pattern) =>
        Directory.EnumerateFiles(Repository.Root, pattern, SearchOption.AllDirectories)
            .Where(f => !f.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or ".feed" or ".git" or "node_modules" or "Scratch"));

    [Fact]
    public void No_file_is_over_its_limit() =>
        Assert.Empty(Files("*.cs").Concat(Files("*.proto")).Where(f => !f.EndsWith("Tests.cs", StringComparison.Ordinal))
            .Where(f => File.ReadLines(f).Count() > MaximumLines).Select(Shorten));

    [Fact]
    public void No_banned_call_is_made() =>
        Assert.Empty(from file in Files("*.cs")
                     where !file.EndsWith("TidyTests.cs", StringComparison.Ordinal)
                     from line in File.ReadLines(file).Index()
                     where !line.Item.TrimStart().StartsWith("//", StringComparison.Ordinal)
                     from rule in Banned
                     where rule.Call.IsMatch(line.Item)
                     select $"{Shorten(file)}:{line.Index + 1}: {rule.Reason}");

    [Fact]
    public void Versions_stand_in_one_place() =>
        Assert.Empty(from project in Files("*.csproj")
                     from reference in XDocument.Load(project).Descendants("PackageReference")
                     where reference.Attribute("Version") is not null
                     select $"{Shorten(project)}: {reference.Attribute("Include")?.Value}");

    [Fact]
    public void Every_service_has_the_files_of_its_shape()
    {
        foreach (var folder in Directory.GetDirectories(Repository.PathOf("services")).Where(d => Path.GetFileName(d) != "Migrator"))
        {
            foreach (var file in new[] { "Program.cs", "README.md", $"{Path.GetFileName(folder)}Service.cs", Path.Combine("Sql", "schema.sql") })
                Assert.True(File.Exists(Path.Combine(folder, file)), $"{Shorten(folder)} has no {file}");
            Assert.InRange(File.ReadLines(Path.Combine(folder, "Program.cs")).Count(), 5, 40);
        }
    }

    [Fact]
    public void Every_part_of_a_contract_has_a_comment() =>
        Assert.Empty(from file in Files("*.proto")
                     let lines = File.ReadAllLines(file)
                     from line in lines.Index()
                     where Declaration().IsMatch(line.Item) && !line.Item.Contains("_UNSPECIFIED = 0", StringComparison.Ordinal)
                     where line.Index == 0 || !lines[line.Index - 1].TrimStart().StartsWith("//", StringComparison.Ordinal)
                     // The words of an enum may speak for themselves; messages, fields and RPCs may not.
                     where !EnumValue().IsMatch(line.Item)
                     where !InOneof(lines, line.Index)
                     select $"{Shorten(file)}:{line.Index + 1}: {line.Item.Trim()}");

    [Fact]
    public void The_app_host_reads_as_a_diagram() =>
        Assert.InRange(File.ReadLines(Repository.PathOf("AppHost", "AppHost.cs")).Count(), 20, 80);

    private static bool InOneof(string[] lines, int index) =>
        lines[..index].Reverse().TakeWhile(l => !l.StartsWith('}')).FirstOrDefault(l => l.Contains('{') || l.Trim() == "}")?.Contains("oneof", StringComparison.Ordinal) is true;

    private static string Shorten(string path) => Path.GetRelativePath(Repository.Root, path);

    [GeneratedRegex(@"\b(DateTime|DateTimeOffset)\.(UtcNow|Now)\b")]
    private static partial Regex Now();

    [GeneratedRegex(@"\bThread\.Sleep\(")]
    private static partial Regex Sleep();

    [GeneratedRegex(@"(\.Result\b(?!\w|\s*=)|\.Wait\(\)|\.GetAwaiter\(\)\.GetResult\(\))")]
    private static partial Regex Blocking();

    [GeneratedRegex("""\+\s*"[^"]*\b(SELECT|INSERT|UPDATE|DELETE|WHERE|VALUES)\b""")]
    private static partial Regex StringBuiltSql();

    [GeneratedRegex(@"^\s*(message|enum|service|rpc|extend)\s+\w|^\s*(repeated |optional |map<)?[\w.<>, ]+ \w+ = \d+;")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^\s*[A-Z0-9_]+ = \d+;|^extend")]
    private static partial Regex EnumValue();
}
