using System.Globalization;
using System.Text.Json;

namespace AgentPlatform.Cli.Audit.Verification;

/// <summary>
/// A line of an export or anchor file. It has exactly the members that its kind has, each once: what is not hashed or signed could say
/// anything.
/// </summary>
public sealed class ExportLine
{
    public const string Header = "header";
    public const string Entry = "entry";
    public const string Checkpoint = "checkpoint";
    public const string End = "end";

    private const int HashCharacters = 64;
    private const int DeepestLevels = 128;
    private const string TimeForm = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    private static readonly Dictionary<string, HashSet<string>> Members = new()
    {
        [Header] = ["kind", "format", "exported_at", "start", "end"],
        [Entry] = ["kind", "shard", "position", .. EntryHash.Fields, "previous_hash", "hash"],
        [Checkpoint] = ["kind", "shard", "number", "position", "hash", "time", "key_id", "signature"],
        [End] = ["kind", "shards", "key_id", "signature"],
    };

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = DeepestLevels };

    private readonly JsonElement _json;

    private ExportLine(JsonElement json, string kind, long number)
    {
        _json = json;
        Kind = kind;
        Number = number;
    }

    public string Kind { get; }

    /// <summary>Its place in the file, from 1.</summary>
    public long Number { get; }

    /// <summary>Reads a line; a <see cref="ChainBreakException"/> says what is wrong with one that is none.</summary>
    public static ExportLine Read(string text, long number)
    {
        JsonElement json;
        try
        {
            using var document = JsonDocument.Parse(text, Strict);
            json = document.RootElement.Clone();
        }
        catch (JsonException)
        {
            throw new ChainBreakException("it is no JSON, or a member is there twice", number);
        }
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("kind", out var kind) || kind.ValueKind != JsonValueKind.String
            || !Members.TryGetValue(kind.GetString()!, out var expected))
            throw new ChainBreakException("it is of no known kind", number);
        var line = new ExportLine(json, kind.GetString()!, number);
        var odd = expected.Except(json.EnumerateObject().Select(m => m.Name)).Concat(json.EnumerateObject().Select(m => m.Name).Except(expected)).ToList();
        if (odd.Count > 0)
            throw new ChainBreakException($"'{odd[0]}' is missing, or nothing that a line of kind {line.Kind} has", number);
        return line;
    }

    public int Shard => (int)Whole("shard", int.MaxValue);

    public long Position => Whole("position");

    /// <summary>A member as it stands in the line.</summary>
    public JsonElement Raw(string name) => _json.GetProperty(name);

    public string Text(string name) => TextOf(Raw(name)) ?? throw Wrong(name, "is no text");

    public long Whole(string name, long largest = long.MaxValue) => WholeOf(Raw(name), largest) ?? throw Wrong(name, "is no whole number in range");

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public string Hash(string name) => HashOf(Raw(name)) ?? throw Wrong(name, "is no hash of 64 lower-case hexadecimal digits");

    /// <summary>A time of 27 characters, which therefore sorts as text.</summary>
    public string Time(string name) =>
        DateTimeOffset.TryParseExact(Text(name), TimeForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _)
            ? Text(name)
            : throw Wrong(name, "is no time of the form 2026-03-01T12:00:00.000000Z");

    /// <summary>The same, or empty.</summary>
    public string TimeOrNone(string name) => Text(name).Length == 0 ? "" : Time(name);

    /// <summary>A time moved by some seconds.</summary>
    public static string Move(string time, TimeSpan by) =>
        (DateTimeOffset.ParseExact(time, TimeForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal) + by).ToString(TimeForm, CultureInfo.InvariantCulture);

    /// <summary>The shards that an end line lists, as they are signed.</summary>
    public IReadOnlyList<ExportedShard> Shards()
    {
        if (Raw("shards").ValueKind != JsonValueKind.Array)
            throw Wrong("shards", "is no list");
        return [.. Raw("shards").EnumerateArray().Select(ReadShard)];
    }

    /// <summary>That a member is not what it should be.</summary>
    public ChainBreakException Wrong(string name, string problem) => new($"'{name}' {problem}", Number);

    /// <summary>That something is wrong with this line's entry or checkpoint.</summary>
    public ChainBreakException Broken(string problem) => new(problem, Number, Shard, Position);

    private ExportedShard ReadShard(JsonElement shard)
    {
        if (shard.ValueKind != JsonValueKind.Object || shard.EnumerateObject().Count() != 4
            || !shard.TryGetProperty("shard", out var number) || WholeOf(number, int.MaxValue) is not { } id
            || !shard.TryGetProperty("first", out var first) || WholeOf(first, long.MaxValue) is not { } from
            || !shard.TryGetProperty("last", out var last) || WholeOf(last, long.MaxValue) is not { } to
            || !shard.TryGetProperty("hash", out var digest) || HashOf(digest) is not { } hash)
            throw Wrong("shards", "has an item that is none of shard, first, last and hash");
        return new ExportedShard((int)id, from, to, hash);
    }

    private static string? TextOf(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? WholeOf(JsonElement value, long largest) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0 && number <= largest ? number : null;

    private static string? HashOf(JsonElement value) =>
        TextOf(value) is { Length: HashCharacters } text && text.All(c => char.IsAsciiHexDigitLower(c)) ? text : null;
}
