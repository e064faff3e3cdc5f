using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Audit.Redaction;

/// <summary>JSON that may be kept.</summary>
/// <param name="Value">The JSON with placeholders; the very object that was given when nothing had to go, else a copy.</param>
/// <param name="Counts">What they stand for.</param>
public readonly record struct RedactedStruct(Struct Value, RedactionCounts Counts);
