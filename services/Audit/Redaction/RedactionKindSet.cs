namespace AgentPlatform.Audit.Redaction;

/// <summary>Some of the kinds.</summary>
public readonly record struct RedactionKindSet
{
    private readonly int _bits;

    private RedactionKindSet(int bits) => _bits = bits;

    /// <summary>These and that one.</summary>
    public RedactionKindSet With(RedactionKind kind) => new(_bits | 1 << (int)kind);

    /// <summary>Whether it is one of them.</summary>
    public bool Contains(RedactionKind kind) => (_bits & 1 << (int)kind) != 0;
}
