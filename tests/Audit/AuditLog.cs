using AgentPlatform.Contracts.Audit.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Audit.V1.AuditService.AuditServiceClient;

namespace AgentPlatform.Tests.Audits;

/// <summary>A platform with an audit log of its own, for tests that spoil it.</summary>
internal sealed class AuditLog(TestServers servers) : IAsyncDisposable
{
    /// <summary>A checkpoint after so many entries, and never because time has passed.</summary>
    public const int CheckpointEntries = 10;

    public Platform Platform { get; } = new(servers);

    public static async Task<AuditLog> StartAsync(TestServers servers, params (string Name, string Value)[] settings)
    {
        var log = new AuditLog(servers);
        await log.Platform.InitializeAsync();
        var audit = log.Platform.Settings["audit"] = new Dictionary<string, string>
        {
            ["Audit:CheckpointEntries"] = $"{CheckpointEntries}",
            ["Audit:CheckpointEvery"] = "01:00:00",
            ["Audit:Shards"] = "1",
        };
        foreach (var (name, value) in settings)
            audit[name] = value;
        return log;
    }

    public Task<Client> AuditorAsync() => Platform.ClientAsync<Client>(Tokens.Auditor());

    /// <summary>Adds so many entries, five at a time, so that checkpoints fall on round positions.</summary>
    public async Task<List<AuditEntry>> AppendAsync(int count)
    {
        var service = await Platform.ClientAsync<Client>(Tokens.Service("costing"));
        var entries = Enumerable.Range(0, count).Select(i => Entries.OfService(resource: $"costing/{i}")).ToList();
        foreach (var batch in entries.Chunk(5))
            await service.AppendEntriesAsync(new AppendEntriesRequest { Entries = { batch } });
        return entries;
    }

    public async Task<VerifyEntriesResponse> VerifyAsync(VerifyEntriesRequest? request = null) =>
        await (await AuditorAsync()).VerifyEntriesAsync(request ?? new VerifyEntriesRequest());

    /// <summary>Changes tables as their owner can: with the triggers out of the way.</summary>
    public async Task SpoilAsync(string sql, params object[] values)
    {
        string[] tables = ["audit_log", "checkpoints"];
        foreach (var table in tables)
            await Platform.SqlAsync<int>($"ALTER TABLE audit.{table} DISABLE TRIGGER {table}_append_only");
        await Platform.SqlAsync<int>(sql, values);
        foreach (var table in tables)
            await Platform.SqlAsync<int>($"ALTER TABLE audit.{table} ENABLE ALWAYS TRIGGER {table}_append_only");
    }

    /// <summary>An export, whole.</summary>
    public async Task<string> ExportAsync(ExportEntriesRequest request)
    {
        using var call = (await AuditorAsync()).ExportEntries(request);
        using var file = new MemoryStream();
        await foreach (var piece in call.ResponseStream.ReadAllAsync())
            piece.Data.WriteTo(file);
        return System.Text.Encoding.UTF8.GetString(file.ToArray());
    }

    public ValueTask DisposeAsync() => Platform.DisposeAsync();
}
