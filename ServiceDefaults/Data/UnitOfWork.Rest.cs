namespace AgentPlatform;

// What waits for something outside of Postgres in the middle of its transaction.
public sealed partial class UnitOfWork
{
    /// <summary>
    /// To be called after the reads, and before something outside is waited for: closes the snapshot of the last read, which would be kept until the next statement. As long as the unit has not
    /// written either, Postgres clears away meanwhile what everybody else deletes.
    /// </summary>
    public async Task RestAsync()
    {
        await using var batch = await NewBatchAsync();
        batch.Add("CLOSE ALL");
        _roundTrips++;
        await batch.ExecuteNonQueryAsync(Cancellation);
    }
}
