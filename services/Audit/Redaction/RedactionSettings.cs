namespace AgentPlatform.Audit.Redaction;

/// <summary>Section <c>Audit:Redaction</c>.</summary>
public sealed class RedactionSettings
{
    /// <summary>
    /// What to take out: names of <see cref="RedactionKinds"/> with commas between them, for example <c>email,phone</c>, or <c>none</c>. A name
    /// that does not exist stops the service from starting, since a misspelt one would let the data through.
    /// </summary>
    public string Kinds { get; init; } = string.Join(',', RedactionKinds.All.Select(k => k.Name()));
}
