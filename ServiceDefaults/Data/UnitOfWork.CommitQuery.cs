using Npgsql;

namespace AgentPlatform;

public sealed partial class UnitOfWork
{
    /// <summary>
    /// Runs one statement that changes something and returns rows, and commits, in one round trip: all that a unit without a key and without audit entries does.
    /// </summary>
    public async Task<List<T>> CommitQueryAsync<T>(string sql, Func<NpgsqlDataReader, T> map, params object?[] values)
    {
        if (_begun || _call is not null || _pending.Count + _entries.Count > 0)
            throw new InvalidOperationException("This unit of work has more to commit than one statement.");
        // A batch is a transaction by itself.
        await using var batch = await NewBatchAsync();
        AddTag(batch);
        batch.Add(sql, values);
        try
        {
            (_isSent, _roundTrips) = (true, _roundTrips + 1);
            // Not cancellable, as a commit is not.
            await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
            if (_sendsTag)
                await reader.NextResultAsync();
            var rows = await ReadAsync(reader, map, CancellationToken.None);
            await reader.DisposeAsync();
            Committed();
            return rows;
        }
        catch (NpgsqlException e) when (IsBroken(e))
        {
            _scope.Database.Forget(e);
            throw OutcomeUnknown(e);
        }
    }
}
