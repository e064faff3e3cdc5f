using System.Buffers;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform;

/// <summary>
/// Gathers what is wrong with a request, so that the caller learns all of it at once. Postgres cannot store NUL in text,
/// therefore no text may contain it.
/// </summary>
/// <param name="path">What stands before every field's name, for checks of a part of the request: "entries[3].".</param>
public sealed class FieldChecks(string path = "")
{
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-");
    private static readonly SearchValues<char> DottedNameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_.-");

    // The bounds of google.protobuf.Timestamp, in seconds since 1970.
    private const long EarliestSeconds = -62_135_596_800;
    private const long LatestSeconds = 253_402_300_799;

    // Errors travel in HTTP/2 headers, which clients and proxies bound, usually at 64 KiB; the first few tell enough.
    private const int MaximumViolations = 20;

    // Every level costs up to three of protobuf's messages, of which readers in all languages take a hundred; some are around the JSON.
    private const int MaximumJsonDepth = 30;

    private readonly List<FieldViolation> _violations = [];

    private FieldChecks(string path, List<FieldViolation> violations) : this(path) => _violations = violations;

    /// <summary>Checks of a message within the request; what they note is noted here.</summary>
    public FieldChecks Within(string field) => new($"{path}{field}.", _violations);

    /// <summary>Notes a violation when <paramref name="holds"/> is false.</summary>
    public FieldChecks Require(bool holds, string field, string description)
    {
        if (!holds && _violations.Count < MaximumViolations)
            _violations.Add(new FieldViolation(path + field, description));
        return this;
    }

    /// <summary>A lower-case name: 1–64 of [a-z0-9_-].</summary>
    public FieldChecks Name(string field, string value) => OneOf(field, value, NameCharacters, "[a-z0-9_-]");

    /// <summary>A lower-case name with dots, as agent ids are: 1–64 of [a-z0-9_.-].</summary>
    public FieldChecks DottedName(string field, string value) => OneOf(field, value, DottedNameCharacters, "[a-z0-9_.-]");

    /// <summary>Text of <paramref name="minimum"/>–<paramref name="maximum"/> characters without NUL.</summary>
    public FieldChecks Text(string field, string value, int maximum, int minimum = 0)
    {
        if (value.Length < minimum)
            return Require(false, field, "is required");
        return Require(value.Length <= maximum, field, $"has {value.Length:N0} characters; at most {maximum:N0} are allowed")
            .Require(!value.Contains('\0'), field, "contains a NUL character");
    }

    /// <summary>A UUID in its usual form; an empty one is missing.</summary>
    public FieldChecks Id(string field, string value, out Guid id)
    {
        id = Guid.Empty;
        return value.Length == 0
            ? Require(false, field, "is required")
            : Require(Guid.TryParseExact(value, "D", out id), field, "is not a UUID");
    }

    /// <summary>A UUID in its usual form, or nothing.</summary>
    public FieldChecks OptionalId(string field, string value, out Guid? id)
    {
        id = null;
        if (value.Length == 0)
            return this;
        Id(field, value, out var given);
        id = given;
        return this;
    }

    /// <summary>An enum value that this version knows and that is not the unspecified one.</summary>
    public FieldChecks Known<T>(string field, T value) where T : struct, System.Enum =>
        Convert.ToInt32(value, CultureInfo.InvariantCulture) == 0
            ? Require(false, field, "is required")
            : KnownOrUnspecified(field, value);

    /// <summary>An enum value that this version knows, or the unspecified one.</summary>
    public FieldChecks KnownOrUnspecified<T>(string field, T value) where T : struct, System.Enum =>
        Require(System.Enum.IsDefined(value), field, "is not a known value");

    /// <summary>A time that a Timestamp can hold, years 1–9999; null when none is given.</summary>
    public FieldChecks Time(string field, Timestamp? value, out DateTimeOffset? time)
    {
        var holds = value is null or { Seconds: >= EarliestSeconds and <= LatestSeconds, Nanos: >= 0 and < 1_000_000_000 };
        time = holds ? value?.ToDateTimeOffset() : null;
        return Require(holds, field, "is not a time between the years 1 and 9999");
    }

    /// <summary>Free JSON of at most <paramref name="maximumBytes"/> bytes, encoded, and 30 levels; gives back its JSON text.</summary>
    public FieldChecks Json(string field, Struct? value, int maximumBytes, out string json)
    {
        json = "{}";
        if (value is null)
            return this;
        // The binary size bounds the work of formatting: JSON of a Struct is never more than about six times it.
        if (value.CalculateSize() > 2 * maximumBytes)
            return Require(false, field, $"is larger than {maximumBytes:N0} bytes as JSON");
        if (!IsShallow(value, MaximumJsonDepth))
            return Require(false, field, $"is nested more than {MaximumJsonDepth} levels deep");
        if (!IsStorable(value))
            return Require(false, field, "contains a NUL character, a number that JSON cannot express, an empty value, or a member without a name");
        json = JsonFormatter.Default.Format(value);
        return Require(System.Text.Encoding.UTF8.GetByteCount(json) <= maximumBytes, field, $"is larger than {maximumBytes:N0} bytes as JSON");
    }

    /// <summary>Refuses the request when anything was noted.</summary>
    public void ThrowIfAny()
    {
        if (_violations.Count > 0)
            throw Errors.InvalidArgument(_violations);
    }

    private FieldChecks OneOf(string field, string value, SearchValues<char> allowed, string allowedText)
    {
        if (value.Length == 0)
            return Require(false, field, "is required");
        return Require(value.Length <= 64 && !value.AsSpan().ContainsAnyExcept(allowed), field, $"must be 1–64 of {allowedText}");
    }

    private static bool IsShallow(Struct value, int levels) => levels > 0 && value.Fields.Values.All(v => IsShallow(v, levels - 1));

    private static bool IsShallow(Value value, int levels) => value.KindCase switch
    {
        Value.KindOneofCase.StructValue => IsShallow(value.StructValue, levels),
        Value.KindOneofCase.ListValue => levels > 0 && value.ListValue.Values.All(v => IsShallow(v, levels - 1)),
        _ => true,
    };

    // Protobuf carries NaN, infinity and values with no kind at all, which JSON has not, and NUL, which Postgres has not. Members without a
    // name are JSON, but protobuf's own formatter does not write them.
    private static bool IsStorable(Struct value) => value.Fields.All(f => f.Key.Length > 0 && !f.Key.Contains('\0') && IsStorable(f.Value));

    private static bool IsStorable(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.None => false,
        Value.KindOneofCase.NumberValue => double.IsFinite(value.NumberValue),
        Value.KindOneofCase.StringValue => !value.StringValue.Contains('\0'),
        Value.KindOneofCase.StructValue => IsStorable(value.StructValue),
        Value.KindOneofCase.ListValue => value.ListValue.Values.All(IsStorable),
        _ => true,
    };
}
