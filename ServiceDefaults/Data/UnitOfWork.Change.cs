using Google.Protobuf;
using Npgsql;

namespace AgentPlatform;

public sealed partial class UnitOfWork
{
    /// <summary>
    /// Changes one thing and commits, together with other calls' changes of other things: asks one question, tells by its row what is to be done, and
    /// writes that. As <see cref="QuerySingleAsync"/>, <paramref name="change"/> and <see cref="CommitAsync{TResponse}"/> would, one after the other; where the group
    /// does not go well, they do.
    /// </summary>
    /// <param name="subject">What is changed; the question holds it until the commit.</param>
    /// <param name="sql">Finds at most one row. It may change something only if <paramref name="change"/> never refuses its row.</param>
    /// <param name="map">Reads the row.</param>
    /// <param name="change">Executes, audits and wakes what follows from the row, and gives the answer; refuses by an exception. It may run twice.</param>
    /// <param name="values">The question's values.</param>
    /// <returns>The answer; null, and nothing is committed, when there is no row.</returns>
    public Task<TResponse?> ChangeAsync<T, TResponse>(
        Guid subject, string sql, Func<NpgsqlDataReader, T> map, Func<T, TResponse> change, params object?[] values) where T : class where TResponse : class, IMessage =>
        ChangeAsync(subject, new Statement(sql, values, IsOfColumns: false), map, change);

    /// <summary>
    /// The same by a statement that finds rows for arrays, <c>unnest($1::uuid[], …)</c>, in the order of the first, which are the subjects, and whose rows begin with them:
    /// several units ask it once. See <see cref="ExecuteRows"/>.
    /// </summary>
    public Task<TResponse?> ChangeRowAsync<T, TResponse>(
        Guid subject, string sql, Func<NpgsqlDataReader, T> map, Func<T, TResponse> change, params Array[] columns) where T : class where TResponse : class, IMessage =>
        ChangeAsync(subject, new Statement(sql, columns, IsOfColumns: true), map, change);

    private async Task<TResponse?> ChangeAsync<T, TResponse>(Guid subject, Statement ask, Func<NpgsqlDataReader, T> map, Func<T, TResponse> change)
        where T : class where TResponse : class, IMessage
    {
        Statement[] before = [.. _pending];
        TResponse? response = null;
        byte[] answer = [];
        var member = new CommitMember(_scope.ConnectionTag, new GroupQuestion(subject, before, ask), row =>
        {
            // A group of which somebody turned out to be a repeat asks again without him.
            Forget([]);
            try { response = change(map(row!)); }
            // Whether that is so, or a repeat of what was done, is found out alone; and so is what nobody foresaw, which must not be the others' trouble.
            catch (Exception e) when (e is not NpgsqlException) { return null; }
            answer = _call is null ? [] : response.ToByteArray();
            return WhatToWrite(answer);
        }, Cancellation);
        if (await IsCommittedWithOthersAsync(member))
        {
            Committed();
            return response;
        }
        Forget(before);
        return await QuerySingleAsync(ask.Sql, map, ask.Values) is { } found ? await CommitAsync(change(found)) : null;
    }

    // What a group has not taken; it begins anew.
    private void Forget(Statement[] before)
    {
        _pending.Clear();
        _pending.AddRange(before);
        _entries.Clear();
        _topics.Clear();
        _afterwards.Clear();
    }
}
