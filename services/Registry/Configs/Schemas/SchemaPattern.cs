namespace AgentPlatform.Registry;

/// <summary>
/// A pattern of a schema, as an automaton that is in all of its states at once: a text of n characters costs at most n times the number of states, whatever both
/// are. .NET's own engine without backtracking is linear in the text too, but makes its states as it goes, and took minutes for some short patterns.
/// </summary>
public sealed class SchemaPattern(IReadOnlyList<PatternState> states, int start)
{
    private const int StatesPerStep = 10;

    /// <summary>What a character of a text costs, in steps of <see cref="SchemaCheck"/>.</summary>
    public int StepsPerCharacter => 1 + states.Count / StatesPerStep;

    /// <summary>Whether the pattern is found anywhere in the text.</summary>
    public bool IsIn(string text)
    {
        var (present, following, waiting) = (new List<int>(), new List<int>(), new Stack<int>());
        var reachedAt = new int[states.Count];
        Array.Fill(reachedAt, -1);
        for (var at = 0; ; at++)
        {
            if (IsEndReached(start, at, present))
                return true;
            if (at == text.Length)
                return false;
            foreach (var state in present)
            {
                if (states[state].Takes!(text[at]) && IsEndReached(states[state].Next, at + 1, following))
                    return true;
            }
            (present, following) = (following, present);
            following.Clear();
        }

        // Adds the states that take a character, out of all that one stands for at this place.
        bool IsEndReached(int from, int at, List<int> takers)
        {
            waiting.Clear();
            waiting.Push(from);
            while (waiting.TryPop(out var reached))
            {
                if (reachedAt[reached] == at)
                    continue;
                reachedAt[reached] = at;
                var state = states[reached];
                if (state.Takes is not null)
                    takers.Add(reached);
                else if (state.Next == PatternState.None)
                    return true;
                else if (state.Stands is null || state.Stands(text, at))
                {
                    waiting.Push(state.Next);
                    if (state.Other != PatternState.None)
                        waiting.Push(state.Other);
                }
            }
            return false;
        }
    }
}
