using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AgentPlatform.Audit;

/// <summary>Writes the lines of an export: docs/audit-format.md. No I/O.</summary>
public static class EntryExport
{
    private const string Format = "agentplatform.audit.export.v1";
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly string[] CsvNames =
    [
        "shard", "position", "event_id", "occurred_at", "recorded_at", "agent_id", "agent_version", "principal", "roles", "service", "operation", "resource",
        "outcome", "error_message", "execution_time_ms", "authorized_by", "session_id", "correlation_id", "trace_id", "source_address", "metadata", "redactions",
        "previous_hash", "hash",
    ];

    /// <summary>What was asked for, as header and signature write it; empty for no bound.</summary>
    public sealed record Range(string ExportedAt, string Start, string End);

    /// <summary>The first and last entry of a shard in the export.</summary>
    public sealed record Part(int Shard, long First, long Last, byte[] Hash);

    public static void Header(IBufferWriter<byte> output, Range range) => Line(output, "header", json =>
    {
        json.WriteString("format", Format);
        json.WriteString("exported_at", range.ExportedAt);
        json.WriteString("start", range.Start);
        json.WriteString("end", range.End);
    });

    public static void Entry(IBufferWriter<byte> output, AuditRecord entry) => Line(output, "entry", json =>
    {
        json.WriteNumber("shard", entry.Shard);
        json.WriteNumber("position", entry.Position);
        json.WriteString("event_id", entry.EventId);
        json.WriteString("occurred_at", AuditRecord.TextOf(entry.OccurredAt));
        json.WriteString("recorded_at", AuditRecord.TextOf(entry.RecordedAt));
        json.WriteString("agent_id", entry.AgentId);
        json.WriteString("agent_version", entry.AgentVersion);
        json.WriteString("principal", entry.Principal);
        json.WriteStartArray("roles");
        foreach (var role in entry.Roles)
            json.WriteStringValue(role);
        json.WriteEndArray();
        json.WriteString("service", entry.Service);
        json.WriteString("operation", entry.Operation);
        json.WriteString("resource", entry.Resource);
        json.WriteString("outcome", EnumText.Of(entry.Outcome));
        json.WriteString("error_message", entry.ErrorMessage);
        json.WriteNumber("execution_time_ms", entry.ExecutionTimeMs);
        json.WriteString("authorized_by", entry.AuthorizedBy);
        json.WriteString("session_id", entry.SessionId);
        json.WriteString("correlation_id", entry.CorrelationId);
        json.WriteString("trace_id", entry.TraceId);
        json.WriteString("source_address", entry.SourceAddress);
        json.WritePropertyName("metadata");
        json.WriteRawValue(entry.Metadata, skipInputValidation: true);
        json.WritePropertyName("redactions");
        json.WriteRawValue(entry.Redactions, skipInputValidation: true);
        json.WriteString("previous_hash", Convert.ToHexStringLower(entry.PreviousHash));
        json.WriteString("hash", Convert.ToHexStringLower(entry.Hash));
    });

    public static void Checkpoint(IBufferWriter<byte> output, CheckpointRecord checkpoint) => output.Write(Encoding.UTF8.GetBytes(checkpoint.ToJson() + "\n"));

    public static void End(IBufferWriter<byte> output, Range range, IReadOnlyList<Part> parts, SigningKeys keys) => Line(output, "end", json =>
    {
        json.WriteStartArray("shards");
        foreach (var part in parts)
        {
            json.WriteStartObject();
            json.WriteNumber("shard", part.Shard);
            json.WriteNumber("first", part.First);
            json.WriteNumber("last", part.Last);
            json.WriteString("hash", Convert.ToHexStringLower(part.Hash));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteString("key_id", keys.KeyId);
        json.WriteBase64String("signature", keys.Sign(Statement(range, parts, keys.KeyId)));
    });

    public static void CsvHeader(IBufferWriter<byte> output) => CsvLine(output, CsvNames);

    public static void CsvEntry(IBufferWriter<byte> output, AuditRecord e) => CsvLine(output,
    [
        e.Shard.ToString(CultureInfo.InvariantCulture), e.Position.ToString(CultureInfo.InvariantCulture), e.EventId.ToString(), AuditRecord.TextOf(e.OccurredAt),
        AuditRecord.TextOf(e.RecordedAt), Tame(e.AgentId), Tame(e.AgentVersion), Tame(e.Principal), string.Join(' ', e.Roles), e.Service, Tame(e.Operation), Tame(e.Resource),
        EnumText.Of(e.Outcome), Tame(e.ErrorMessage), e.ExecutionTimeMs.ToString("R", CultureInfo.InvariantCulture), Tame(e.AuthorizedBy), Tame(e.SessionId),
        Tame(e.CorrelationId), e.TraceId, Tame(e.SourceAddress), e.Metadata, e.Redactions, Convert.ToHexStringLower(e.PreviousHash), Convert.ToHexStringLower(e.Hash),
    ]);

    private static string Statement(Range range, IReadOnlyList<Part> parts, string keyId) => string.Join('\n',
    [
        Format, $"exported_at={range.ExportedAt}", $"start={range.Start}", $"end={range.End}",
        .. parts.Select(p => $"shard={p.Shard} first={p.First} last={p.Last} hash={Convert.ToHexStringLower(p.Hash)}"),
        $"key={keyId}",
    ]);

    private static void Line(IBufferWriter<byte> output, string kind, Action<Utf8JsonWriter> members)
    {
        using (var json = new Utf8JsonWriter(output, Options))
        {
            json.WriteStartObject();
            json.WriteString("kind", kind);
            members(json);
            json.WriteEndObject();
        }
        output.Write("\n"u8);
    }

    // A spreadsheet would run such a text as a formula.
    private static string Tame(string text) => text is ['=' or '+' or '-' or '@' or '\t' or '\r', ..] ? $"'{text}" : text;

    private static void CsvLine(IBufferWriter<byte> output, ReadOnlySpan<string> fields)
    {
        var line = new StringBuilder();
        foreach (var field in fields)
        {
            if (line.Length > 0)
                line.Append(',');
            if (field.AsSpan().ContainsAny("\",\r\n"))
                line.Append('"').Append(field.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
            else
                line.Append(field);
        }
        output.Write(Encoding.UTF8.GetBytes(line.Append("\r\n").ToString()));
    }
}
