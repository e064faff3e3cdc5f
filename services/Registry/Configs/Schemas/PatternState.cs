namespace AgentPlatform.Registry;

/// <summary>
/// A state of a pattern's automaton: takes a character, or goes on at once where it may stand at a place, or to both of two states; or is the end, if it has
/// none of these.
/// </summary>
public sealed record PatternState(int Next, int Other = PatternState.None, Func<char, bool>? Takes = null, Func<string, int, bool>? Stands = null)
{
    public const int None = -1;
}
