using Npgsql;

namespace AgentPlatform;

/// <summary>A statement of one unit of a group, or of several that say the same about other rows.</summary>
internal sealed class MergedStatement(Statement first)
{
    private readonly List<Statement> _all = [first];

    /// <summary>Whether nobody looks at its result.</summary>
    public bool IsLock => Askers.Count == 0 && first.IsLock;

    /// <summary>Whose question it is; nobody's when it has no answer.</summary>
    public List<CommitMember> Askers { get; } = [];

    /// <summary>
    /// Puts a unit's statements, which are done in their order, among those that are there: with one of the same text where that keeps the order, else at the end.
    /// </summary>
    /// <param name="all">Those of the units before; this one's are added.</param>
    /// <param name="statements">The unit's.</param>
    /// <returns>Where the last of them is.</returns>
    public static MergedStatement? Add(List<MergedStatement> all, IEnumerable<Statement> statements)
    {
        MergedStatement? last = null;
        var next = 0;
        foreach (var statement in statements)
        {
            var at = statement.IsOfColumns ? all.FindIndex(next, m => m.Takes(statement)) : -1;
            if (at >= 0)
                all[at]._all.Add(statement);
            else
            {
                at = all.Count;
                all.Add(new MergedStatement(statement));
            }
            (last, next) = (all[at], at + 1);
        }
        return last;
    }

    public void AddTo(NpgsqlBatch batch) => batch.Add(first.Sql, _all.Count == 1 ? first.Values : Columns());

    /// <summary>Lets each unit read its rows of what this returns, and leaves the results behind that nobody looks at.</summary>
    public async Task PassAsync(NpgsqlDataReader reader)
    {
        if (first.Returned is null)
        {
            await reader.PassAsync(_all.Take(1));
            return;
        }
        var returned = new Dictionary<Guid, Action<NpgsqlDataReader>>();
        foreach (var statement in _all)
            foreach (var subject in (Guid[])statement.Values[0]!)
                returned[subject] = statement.Returned!;
        while (await reader.ReadAsync())
            returned[reader.GetGuid(0)](reader);
        await reader.NextResultAsync();
    }

    private bool Takes(Statement other) => first.IsOfColumns && other.Sql == first.Sql;

    // Not all are of one length: of a unit that appends to something, some columns have a value for it, and some one for each thing appended.
    private object?[] Columns()
    {
        var columns = new object?[first.Values.Length];
        for (var i = 0; i < columns.Length; i++)
        {
            var column = Array.CreateInstanceFromArrayType(first.Values[i]!.GetType(), _all.Sum(s => ((Array)s.Values[i]!).Length));
            var filled = 0;
            foreach (var statement in _all)
            {
                var part = (Array)statement.Values[i]!;
                part.CopyTo(column, filled);
                filled += part.Length;
            }
            columns[i] = column;
        }
        return columns;
    }
}
