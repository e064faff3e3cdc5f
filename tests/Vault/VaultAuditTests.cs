using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Tests.Vaults;

public sealed class VaultAuditTests(VaultPlatform vault) : IClassFixture<VaultPlatform>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_read_is_on_the_audit_log_with_who_read_what()
    {
        vault.Folder.Write("audited.csv", "12345");
        await vault.ReadAsync("audited.csv");

        var entry = Assert.Single(await vault.Platform.AuditOfAsync("vault/audited.csv"));
        Assert.Equal(("vault.read", Outcome.Ok, "reader", "agent:reader", "vault"),
            (entry.Operation, entry.Outcome, entry.AgentId, entry.Principal, entry.Service));
        Assert.Equal(("5", "ReadFile"), (entry.Metadata.Fields["size_bytes"].StringValue, entry.Metadata.Fields["method"].StringValue));
        Assert.Equal(32, entry.TraceId.Length);
    }

    [Theory]
    [InlineData("denied/nothing.csv", StatusCode.NotFound, "FILE_NOT_FOUND")]
    [InlineData("denied/notes.txt", StatusCode.FailedPrecondition, "EXTENSION_NOT_ALLOWED")]
    [InlineData("denied/large.csv", StatusCode.FailedPrecondition, "FILE_TOO_LARGE")]
    [InlineData("denied/../../etc/passwd", StatusCode.InvalidArgument, "INVALID_FIELD")]
    public async Task A_refused_read_is_on_the_audit_log_with_the_reason(string path, StatusCode code, string reason)
    {
        Directory.CreateDirectory(vault.Folder.At("denied"));
        vault.Folder.WriteHole("denied/large.csv", 10_000_001);
        await vault.ExpectRefusalAsync(code, reason, path);

        var entry = Assert.Single(await vault.Platform.AuditOfAsync($"vault/{path}"));
        Assert.Equal(("vault.read", Outcome.Denied, "refused"), (entry.Operation, entry.Outcome, entry.AgentId));
        Assert.Equal(reason, entry.Metadata.Fields["reason"].StringValue);
        Assert.NotEmpty(entry.ErrorMessage);
    }

    [Fact]
    public async Task A_path_that_no_log_could_hold_is_audited_cut_and_cleaned()
    {
        await vault.ExpectRefusalAsync(StatusCode.InvalidArgument, "INVALID_FIELD", $"monstrous\0\n{new string('x', 100_000)}");
        var entry = Assert.Single(await vault.Platform.AuditOfAsync("vault/monstrous"));
        Assert.Equal(512, entry.Resource.Length);
        Assert.DoesNotContain(entry.Resource, char.IsControl);
    }

    [Fact]
    public async Task Lists_and_refused_lists_are_on_the_audit_log()
    {
        vault.Folder.Write("listed/a.csv");
        vault.Folder.Write("listed/b.csv");
        await vault.ListAsync("listed/");
        await Refusal.ExpectFieldsAsync(() => vault.ListAsync("listed/../.."), "path_prefix");

        var entries = await vault.Platform.AuditOfAsync("vault/listed/", atLeast: 2);
        Assert.Equal([("vault.list", Outcome.Ok), ("vault.list", Outcome.Denied)], entries.Select(e => (e.Operation, e.Outcome)));
        Assert.Equal("2", entries[0].Metadata.Fields["files"].StringValue);
    }

    [Fact]
    public async Task Nothing_leaves_before_its_audit_entry_is_committed()
    {
        vault.Folder.Write("guarded.csv");
        var client = await vault.As(Tokens.Agent("hasty"));
        await vault.ReadAsync("guarded.csv");

        await using (var blocker = new NpgsqlConnection(vault.Platform.AdminConnection))
        {
            await blocker.OpenAsync();
            await using var transaction = await blocker.BeginTransactionAsync();
            await using var block = new NpgsqlCommand("LOCK TABLE vault.outbox IN ACCESS EXCLUSIVE MODE", blocker, transaction);
            await block.ExecuteNonQueryAsync();

            await Task.WhenAll(
                ExpectNothingAsync(client, "guarded.csv"),
                ExpectNothingAsync(client, "missing.csv"),
                ExpectNothingAsync(client, "../malformed.csv"),
                Refusal.ExpectAsync(StatusCode.DeadlineExceeded, "", async () => await client.ListFilesAsync(new ListFilesRequest(), deadline: Deadline)));
        }
        Assert.NotEmpty((await vault.ReadAsync("guarded.csv")).Bytes);
    }

    [Fact]
    public async Task Callers_without_a_role_learn_nothing()
    {
        vault.Folder.Write("private.csv");
        foreach (var path in new[] { "private.csv", "missing.csv", "../malformed" })
        {
            await ExpectAsync(null, path, StatusCode.Unauthenticated, "TOKEN_MISSING");
            await ExpectAsync(Tokens.Service("costing"), path, StatusCode.PermissionDenied, "ROLE_MISSING");
        }

        async Task ExpectAsync(string? token, string path, StatusCode code, string reason)
        {
            var client = await vault.As(token);
            await Refusal.ExpectAsync(code, reason, async () => await client.ListFilesAsync(new ListFilesRequest { PathPrefix = path }));
            await Refusal.ExpectAsync(code, reason, async () =>
            {
                using var call = client.ReadFile(new ReadFileRequest { Path = path });
                await call.ResponseStream.MoveNext(CancellationToken.None);
            });
        }
    }

    private static DateTime Deadline => TimeProvider.System.GetUtcNow().UtcDateTime + Patience;

    private static Task ExpectNothingAsync(Contracts.Vault.V1.VaultService.VaultServiceClient client, string path) =>
        // No reason: the caller's own clock ends the call, since the service says nothing at all.
        Refusal.ExpectAsync(StatusCode.DeadlineExceeded, "", async () =>
        {
            using var call = client.ReadFile(new ReadFileRequest { Path = path }, deadline: Deadline);
            await call.ResponseStream.MoveNext(CancellationToken.None);
        });
}
