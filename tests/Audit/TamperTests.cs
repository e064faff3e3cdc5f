using AgentPlatform.Audit;
using AgentPlatform.Contracts.Audit.V1;
using Npgsql;

namespace AgentPlatform.Tests.Audits;

/// <summary>Whatever the database's owner does to the log is found, and named with its place.</summary>
public sealed class TamperTests(TestServers servers)
{
    [Fact]
    public async Task An_untouched_log_is_whole()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(35);

        var found = await log.VerifyAsync();

        Assert.Empty(found.Breaks);
        Assert.Equal((35, 3), (found.EntryCount, found.CheckpointCount));
        Assert.Equal(new VerifiedShard { FirstPosition = 1, LastPosition = 35, SignedPosition = 30, Complete = true }, Assert.Single(found.Shards));
        // That verification was itself written down, and is part of the chain.
        Assert.Equal(36, (await log.VerifyAsync()).EntryCount);
    }

    public static TheoryData<string, BreakKind, long> Changes => new()
    {
        { "DELETE FROM audit.audit_log WHERE position = 12", BreakKind.Gap, 12 },
        { "DELETE FROM audit.audit_log WHERE position <= 4", BreakKind.Gap, 1 },
        { "UPDATE audit.audit_log SET principal = 'user:sem' WHERE position = 17", BreakKind.Changed, 17 },
        { "UPDATE audit.audit_log SET metadata = '{\"a\": 1}' WHERE position = 18", BreakKind.Changed, 18 },
        { "UPDATE audit.audit_log SET occurred_at = occurred_at + interval '1 microsecond' WHERE position = 19", BreakKind.Changed, 19 },
        { "UPDATE audit.audit_log SET position = CASE position WHEN 21 THEN 22 ELSE 21 END WHERE position IN (21, 22)", BreakKind.OutOfOrder, 21 },
        { "DELETE FROM audit.audit_log WHERE position > 26", BreakKind.Truncated, 27 },
        { "DELETE FROM audit.checkpoints WHERE number = 2", BreakKind.CheckpointMissing, 20 },
        { "UPDATE audit.checkpoints SET signature = decode('3006020101020101', 'hex') WHERE number = 1", BreakKind.BadSignature, 10 },
        { "UPDATE audit.checkpoints SET signed_at = signed_at - interval '1 day' WHERE number = 1", BreakKind.BadSignature, 10 },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_change_is_named_by_its_kind_and_place(string change, BreakKind kind, long position)
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(35);

        await log.SpoilAsync(change);

        var first = (await log.VerifyAsync()).Breaks.First();
        Assert.Equal((kind, 0, position), (first.Kind, first.Shard, first.Position));
    }

    [Fact]
    public async Task A_chain_that_was_rewritten_consistently_meets_its_checkpoints()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(35);

        await RewriteAsync(log, from: 15);

        var found = await log.VerifyAsync();
        Assert.All(found.Breaks, b => Assert.Equal(BreakKind.Rewritten, b.Kind));
        Assert.Equal([20, 30], found.Breaks.Select(b => b.Position).Distinct());
    }

    [Fact]
    public async Task A_chain_that_was_rewritten_or_cut_together_with_its_checkpoints_meets_the_anchor()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(35);
        await RewriteAsync(log, from: 15);
        await log.SpoilAsync("DELETE FROM audit.checkpoints WHERE position >= 15");
        Assert.Contains((await log.VerifyAsync()).Breaks, b => b is { Kind: BreakKind.Rewritten, Position: 20 });

        await log.SpoilAsync("DELETE FROM audit.audit_log WHERE position > 14");
        await log.SpoilAsync("UPDATE audit.shards SET head_position = 14, checkpoint_position = 10, epoch = epoch + 1");
        Assert.Contains((await log.VerifyAsync()).Breaks, b => b is { Kind: BreakKind.Truncated, Position: 15 });
    }

    [Fact]
    public async Task A_checkpoint_by_a_key_that_nobody_told_us_of_proves_nothing()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(10);
        await log.SpoilAsync("UPDATE audit.checkpoints SET key_id = '0123456789abcdef'");
        Assert.Contains((await log.VerifyAsync()).Breaks, b => b is { Kind: BreakKind.BadSignature, Position: 10 });
    }

    [Fact]
    public async Task A_range_of_a_shard_can_be_checked_alone()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(35);
        await log.SpoilAsync("UPDATE audit.audit_log SET principal = 'user:sem' WHERE position = 17");

        var before = await log.VerifyAsync(new VerifyEntriesRequest { Shard = 0, StartPosition = 5, EndPosition = 16 });
        Assert.Equal((12, 0), (before.EntryCount, before.Breaks.Count));
        var with = await log.VerifyAsync(new VerifyEntriesRequest { Shard = 0, StartPosition = 17, EndPosition = 18 });
        Assert.Equal([BreakKind.Changed], with.Breaks.Select(b => b.Kind));
        await Refusal.ExpectFieldsAsync(() => log.VerifyAsync(new VerifyEntriesRequest { StartPosition = 5 }), "start_position");
        await Refusal.ExpectFieldsAsync(() => log.VerifyAsync(new VerifyEntriesRequest { Shard = 0, StartPosition = 5, EndPosition = 4 }), "end_position");
    }

    // What somebody can do who has the database and this repository, and not the key.
    private static async Task RewriteAsync(AuditLog log, long from)
    {
        await using var connection = new NpgsqlConnection(log.Platform.AdminConnection);
        await connection.OpenAsync();
        var entries = new List<AuditRecord>();
        await using (var select = new NpgsqlCommand($"SELECT {AuditStore.Columns} FROM audit.audit_log WHERE position >= $1 - 1 ORDER BY position", connection))
        {
            select.Parameters.Add(new NpgsqlParameter { Value = from });
            await using var reader = await select.ExecuteReaderAsync();
            while (await reader.ReadAsync())
                entries.Add(AuditStore.Read(reader));
        }
        var (hash, previous) = (new ChainHash(), entries[0].Hash);
        foreach (var entry in entries.Skip(1))
        {
            var forged = entry with { Principal = "user:nobody", PreviousHash = previous };
            previous = hash.Of(forged);
            await log.SpoilAsync("UPDATE audit.audit_log SET principal = $1, previous_hash = $2, hash = $3 WHERE position = $4",
                forged.Principal, forged.PreviousHash, previous, entry.Position);
        }
    }
}
