namespace AgentPlatform;

/// <summary>What a unit of work asks before it writes: statements that travel ahead, and one that finds at most one row.</summary>
/// <param name="Subject">What it is about, and holds until the commit. In a group there is one question a subject, and they are asked in this order everywhere.</param>
/// <param name="Before">Statements without an answer.</param>
/// <param name="Ask">The statement with the answer; of columns, its rows begin with their subject.</param>
internal sealed record GroupQuestion(Guid Subject, IReadOnlyList<Statement> Before, Statement Ask)
{
    /// <summary>
    /// Whether both can be asked in one group. One text holds all its subjects in their order; two of them would not, one after the other.
    /// </summary>
    public bool Suits(GroupQuestion other) => Ask.Sql == other.Ask.Sql || !Ask.IsOfColumns && !other.Ask.IsOfColumns;
}
