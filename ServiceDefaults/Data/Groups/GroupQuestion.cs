namespace AgentPlatform;

/// <summary>What a unit of work asks before it writes: statements that travel ahead, and one that finds at most one row.</summary>
/// <param name="Subject">What it is about, and holds until the commit. In a group there is one question a subject, and they are asked in this order everywhere.</param>
/// <param name="Before">Statements without an answer.</param>
/// <param name="Sql">The statement with the answer.</param>
/// <param name="Values">Its values.</param>
internal sealed record GroupQuestion(Guid Subject, IReadOnlyList<(string Sql, object?[] Values)> Before, string Sql, object?[] Values);
