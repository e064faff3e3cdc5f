namespace AgentPlatform.Audit.Redaction;

/// <summary>A text that may be kept.</summary>
/// <param name="Text">The text with placeholders; the very text that was given when nothing had to go.</param>
/// <param name="Counts">What they stand for.</param>
public readonly record struct RedactedText(string Text, RedactionCounts Counts);
