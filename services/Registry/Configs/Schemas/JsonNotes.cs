namespace AgentPlatform.Registry;

/// <summary>What a walk through JSON finds wrong on its way, each with its place as a JSON pointer (RFC 6901).</summary>
/// <param name="field">The field of the request that holds the JSON.</param>
public sealed class JsonNotes(string field)
{
    /// <summary>Errors travel in HTTP/2 headers, which clients bound, usually at 64 KiB; with the next limit these stay under it in any script.</summary>
    public const int Maximum = 16;

    private const int PointerMaximumCharacters = 150;

    private readonly List<string> _path = [];
    private readonly List<FieldViolation> _violations = [];

    public bool IsFull => _violations.Count == Maximum;

    /// <summary>Steps into a member or an element.</summary>
    public void Enter(string name) => _path.Add(name);

    /// <summary>Steps out again.</summary>
    public void Leave() => _path.RemoveAt(_path.Count - 1);

    /// <summary>Notes what is wrong here. At the top there is no pointer.</summary>
    public void Note(string reason)
    {
        if (IsFull)
            return;
        var pointer = Cut(string.Concat(_path.Select(name => $"/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}")));
        _violations.Add(new FieldViolation(field, pointer.Length == 0 ? reason : $"{pointer}: {reason}"));
    }

    /// <summary>Refuses the request when anything was noted.</summary>
    public void ThrowIfAny()
    {
        if (_violations.Count > 0)
            throw Errors.InvalidArgument(_violations);
    }

    // Half of a surrogate pair would be no text.
    private static string Cut(string pointer) => pointer.Length <= PointerMaximumCharacters
        ? pointer
        : $"{pointer.AsSpan(0, char.IsHighSurrogate(pointer[PointerMaximumCharacters - 1]) ? PointerMaximumCharacters - 1 : PointerMaximumCharacters)}…";
}
