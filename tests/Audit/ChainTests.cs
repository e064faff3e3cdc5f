using System.Security.Cryptography;
using AgentPlatform.Audit;
using AgentPlatform.Contracts.Audit.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Audit.V1.AuditService.AuditServiceClient;

namespace AgentPlatform.Tests.Audits;

/// <summary>How the chains go on through restarts, failures and clocks gone wrong.</summary>
public sealed class ChainTests(TestServers servers)
{
    [Fact]
    public async Task A_stopped_instance_signs_what_it_wrote_and_the_next_goes_on_with_its_shard()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(7);
        await log.Platform.StopAsync("audit");
        Assert.Equal([7L], await log.Platform.SqlAsync<long>("SELECT position FROM audit.checkpoints"));

        await log.AppendAsync(5);

        var found = await log.VerifyAsync();
        Assert.Empty(found.Breaks);
        Assert.Equal((0, 12), (Assert.Single(found.Shards).Shard, found.EntryCount));
    }

    [Fact]
    public async Task Instances_side_by_side_write_chains_of_their_own_and_one_whose_holder_died_is_signed_by_another()
    {
        await using var log = await AuditLog.StartAsync(servers, ("Audit:CheckpointEvery", "00:00:00.200"));
        await log.AppendAsync(3);
        await using var other = await log.Platform.StartAnotherAsync("audit");
        var client = log.Platform.Client<Client>(other.GrpcAddress, Tokens.Service("costing"));
        await client.LogActionAsync(new LogActionRequest { Entry = Entries.OfService() });
        Assert.Equal([0, 1], await log.Platform.SqlAsync<int>("SELECT shard FROM audit.shards ORDER BY shard"));

        // As a crash leaves it: entries without a checkpoint, a lease that ends by itself.
        await log.SpoilAsync("UPDATE audit.shards SET leased_until = 'epoch', holder = 'dead', epoch = epoch + 1 WHERE shard = 1");

        await client.LogActionAsync(new LogActionRequest { Entry = Entries.OfService() });
        await Eventually.TrueAsync(async () => (await log.Platform.SqlAsync<long>("SELECT head_position - checkpoint_position FROM audit.shards")).All(unsigned => unsigned == 0),
            "every entry is under a checkpoint");
        Assert.Empty((await log.VerifyAsync()).Breaks);
    }

    [Fact]
    public async Task An_instance_that_lost_its_shard_cannot_add_to_it()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(5);
        await log.SpoilAsync("UPDATE audit.shards SET epoch = epoch + 1, holder = 'another', leased_until = now() + interval '1 hour'");

        await log.AppendAsync(5);

        Assert.Equal([5L, 5L], await log.Platform.SqlAsync<long>("SELECT head_position FROM audit.shards ORDER BY shard"));
        Assert.Empty((await log.VerifyAsync()).Breaks);
    }

    [Fact]
    public async Task A_shard_that_was_spoilt_while_nobody_held_it_is_neither_signed_nor_gone_on_with()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(5);
        // As a crash leaves it: what was written is under no checkpoint yet, and the forger has moved the head along.
        await log.SpoilAsync("UPDATE audit.audit_log SET principal = 'user:sem', hash = sha256('forged') WHERE position = 5");
        await log.SpoilAsync("UPDATE audit.shards SET head_hash = sha256('forged'), leased_until = 'epoch', holder = 'dead', epoch = epoch + 1");

        await log.AppendAsync(10);

        Assert.Equal([5L, 10L], await log.Platform.SqlAsync<long>("SELECT head_position FROM audit.shards ORDER BY shard"));
        Assert.Equal([1], await log.Platform.SqlAsync<int>("SELECT shard FROM audit.checkpoints"));
        Assert.Contains((await log.VerifyAsync()).Breaks, b => b is { Kind: BreakKind.Changed, Shard: 0, Position: 5 });
    }

    [Fact]
    public async Task Connections_that_break_leave_neither_gap_nor_fork()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(5);
        var service = await log.Platform.ClientAsync<Client>(Tokens.Service("costing"));
        var entries = Enumerable.Range(0, 60).Select(_ => Entries.OfService()).ToList();
        var breaking = Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++)
                await log.Platform.SqlAsync<bool>("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'audit/writer' AND datname = current_database()");
        });

        // As every sender does: again until it is answered.
        await Task.WhenAll(entries.Select(async entry => await Eventually.TrueAsync(async () =>
            (await service.AppendEntriesAsync(new AppendEntriesRequest { Entries = { entry } })).AppendedCount >= 0, "the entry is taken")));
        await breaking;

        var found = await log.VerifyAsync();
        Assert.Empty(found.Breaks);
        Assert.Equal(65, found.EntryCount);
    }

    [Fact]
    public async Task A_clock_that_jumps_back_does_not_disturb_the_order()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(5);
        log.Platform.Clock.Advance(TimeSpan.FromHours(-3));
        await log.AppendAsync(6);

        var found = await log.VerifyAsync();
        Assert.Empty(found.Breaks);
        var times = await log.Platform.SqlAsync<DateTime>("SELECT recorded_at FROM audit.audit_log ORDER BY position");
        Assert.Equal(times.Distinct().Order(), times);
    }

    [Fact]
    public async Task A_clock_that_goes_on_for_months_finds_its_partitions()
    {
        await using var log = await AuditLog.StartAsync(servers);
        foreach (var _ in Enumerable.Range(0, 4))
        {
            await log.AppendAsync(1);
            log.Platform.Clock.Advance(TimeSpan.FromDays(40));
        }
        Assert.Equal([4L], await log.Platform.SqlAsync<long>("SELECT count(DISTINCT tableoid) FROM audit.audit_log"));
    }

    [Fact]
    public async Task Keys_are_rotated_and_what_the_old_one_signed_still_holds()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(10);
        await log.Platform.StopAsync("audit");
        File.Move(Path.Combine(log.Platform.AuditFolder, "signing.pub.pem"), Path.Combine(log.Platform.AuditFolder, "old.pub.pem"));
        File.Delete(Path.Combine(log.Platform.AuditFolder, "signing.pem"));
        log.Platform.Settings["audit"]["Audit:EarlierKeys"] = Path.Combine(log.Platform.AuditFolder, "old.pub.pem");

        await log.AppendAsync(10);

        var found = await log.VerifyAsync();
        Assert.Empty(found.Breaks);
        Assert.Equal(2, found.CheckpointCount);
        Assert.Equal(2, (await (await log.AuditorAsync()).ListCheckpointsAsync(new ListCheckpointsRequest())).Checkpoints.Select(c => c.KeyId).Distinct().Count());
    }

    [Fact]
    public async Task Checkpoints_lie_in_the_anchor_and_their_signatures_hold_under_the_public_key()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(20);

        using var key = ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(log.Platform.AuditFolder, "signing.pub.pem")));
        var anchored = (await File.ReadAllLinesAsync(Path.Combine(log.Platform.AuditFolder, "checkpoints.ndjson"))).Select(l => CheckpointRecord.FromJson(l)!).ToList();

        Assert.Equal([10L, 20L], anchored.Select(c => c.Position));
        Assert.All(anchored, c => Assert.True(key.VerifyData(System.Text.Encoding.UTF8.GetBytes(c.Statement), c.Signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)));
        var auditor = await log.AuditorAsync();
        var first = await auditor.ListCheckpointsAsync(new ListCheckpointsRequest { PageSize = 1, Shard = 0 });
        var second = await auditor.ListCheckpointsAsync(new ListCheckpointsRequest { PageSize = 1, Shard = 0, PageToken = first.NextPageToken });
        Assert.Equal([1L, 2L], first.Checkpoints.Concat(second.Checkpoints).Select(c => c.Number));
    }

    [Fact]
    public async Task More_than_can_be_written_is_told_to_come_back()
    {
        await using var log = await AuditLog.StartAsync(servers, ("Audit:QueueEntries", "1000"));
        await log.AppendAsync(1);
        var service = await log.Platform.ClientAsync<Client>(Tokens.Service("costing"));
        var batch = Enumerable.Range(0, 1_000).Select(_ => Entries.OfService()).ToList();

        // Enough at once that they must meet; those that are refused leave nothing.
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            var entries = batch.Select(e => { var own = e.Clone(); own.EventId = Guid.CreateVersion7().ToString(); return own; });
            try { return (await service.AppendEntriesAsync(new AppendEntriesRequest { Entries = { entries } })).AppendedCount; }
            catch (RpcException e) { return Refusal.From(e) is { Code: StatusCode.ResourceExhausted, Reason: "AUDIT_QUEUE_FULL" } ? 0 : -1; }
        }));

        Assert.Contains(0, answers);
        Assert.DoesNotContain(-1, answers);
        Assert.Equal([(long)answers.Sum() + 1], await log.Platform.SqlAsync<long>("SELECT count(*) FROM audit.audit_log"));
    }

    [Fact]
    public async Task Retention_drops_whole_months_that_are_under_checkpoints_and_leaves_a_log_that_verifies()
    {
        await using var log = await AuditLog.StartAsync(servers);
        log.Platform.Clock.Advance(TimeSpan.FromDays(-100));
        await log.AppendAsync(12);
        log.Platform.Clock.Advance(TimeSpan.FromDays(100));

        // The last two are under no checkpoint yet, so nothing would prove that they were there.
        const string Drop = "SELECT audit.drop_months_before(current_date)";
        Assert.Contains("no checkpoint", (await Assert.ThrowsAsync<Npgsql.PostgresException>(() => log.Platform.SqlAsync<int>(Drop))).MessageText, StringComparison.Ordinal);
        var kept = await log.AppendAsync(10);
        Assert.True((await log.Platform.SqlAsync<int>(Drop)).Single() > 0);

        var found = await log.VerifyAsync();
        Assert.Empty(found.Breaks);
        Assert.Equal((13, 22), (Assert.Single(found.Shards).FirstPosition, found.Shards[0].LastPosition));
        var auditor = await log.AuditorAsync();
        Assert.Equal(kept.Select(e => e.EventId).Reverse(), (await auditor.ListEntriesAsync(new ListEntriesRequest { Operation = "costing.decide" })).Entries.Select(e => e.EventId));
        Assert.Equal(2, (await auditor.ListCheckpointsAsync(new ListCheckpointsRequest())).Checkpoints.Count);
        using var tail = auditor.TailEntries(new TailEntriesRequest { ResumeToken = "0:3" });
        await Refusal.ExpectAsync(StatusCode.OutOfRange, "ENTRIES_DROPPED", () => tail.ResponseStream.MoveNext());

        var own = new Npgsql.NpgsqlConnectionStringBuilder(log.Platform.AdminConnection) { Username = "audit", Password = TestServers.LoginPassword, Pooling = false };
        await using var connection = new Npgsql.NpgsqlConnection(own.ConnectionString);
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand(Drop, connection);
        Assert.Equal("42501", (await Assert.ThrowsAsync<Npgsql.PostgresException>(() => command.ExecuteScalarAsync())).SqlState);
    }
}
