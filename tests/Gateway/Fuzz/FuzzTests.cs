using System.Globalization;
using AgentPlatform.Gateway;

namespace AgentPlatform.Tests.Gateways.Fuzz;

/// <summary>
/// Requests that nobody would send, of all methods, by all roles: none makes an error of ours, none leaves an entry on the audit log that its caller may not leave, and none
/// leaves memory behind. FUZZ_REQUESTS says how many, FUZZ_SEED from where; a failure names its seed.
/// </summary>
public sealed class FuzzTests(Platform platform, ITestOutputHelper output) : IClassFixture<Platform>
{
    private const int Senders = 8;
    private const long GrowthBytes = 64 * 1024 * 1024;
    private static readonly int Requests = Setting("FUZZ_REQUESTS", 3_000);
    private static readonly int Seed = Setting("FUZZ_SEED", 1);

    [Fact]
    public async Task Mutated_requests_make_no_error_of_ours_and_no_entry_that_may_not_be()
    {
        using var run = new FuzzRun(await platform.StartAsync("gateway"), new RestRules());
        // The first half has filled what is filled once: caches, pools, programs.
        await SendAsync(run, Seed, Requests / 2);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await SendAsync(run, Seed + Senders, Requests - Requests / 2);
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;

        output.WriteLine($"{Requests} requests from seed {Seed}; {string.Join(", ", run.Codes.OrderByDescending(c => c.Value).Select(c => $"{c.Key} {c.Value}"))}; memory grew by {grown / 1024:N0} KiB");
        Assert.Empty(run.Wrong);
        // It was fuzzed, and not refused at the door.
        Assert.True(run.Codes.GetValueOrDefault("gRPC OK") > Requests / 500 && run.Codes.GetValueOrDefault("REST 200") > Requests / 500);
        Assert.True(run.Codes.GetValueOrDefault("cut off") < Requests / 20);
        Assert.True(grown < GrowthBytes, $"{grown:N0} bytes more");
        await AuditedAsync(run);
    }

    private static Task SendAsync(FuzzRun run, int seed, int requests) =>
        Task.WhenAll(Enumerable.Range(0, Senders).Select(i => Task.Run(() => run.SendAsync(seed + i, requests / Senders))));

    private async Task AuditedAsync(FuzzRun run)
    {
        foreach (var service in new[] { "session", "registry", "costing", "vault" })
            await Eventually.TrueAsync(async () => (await platform.SqlAsync<long>($"SELECT count(*) FROM {service}.outbox")).Single() == 0, $"the outbox of {service} is empty");
        var rules = new AccessRules();
        var rows = await platform.SqlAsync<string[]>("""
            SELECT ARRAY[correlation_id, array_to_string(roles, ','), agent_id, outcome::text, operation]
              FROM audit.audit_log WHERE correlation_id LIKE 'fuzz-%'
            """);
        var wrong = new List<string>();
        foreach (var row in rows)
        {
            var (role, method) = run.Sent[row[0]];
            var isOwn = row[1] == role && row[2] == (role == "agent" ? "someone" : "");
            var mayCall = rules.Find(method)!.Roles.Any(r => Caller.NameOf(r) == role);
            if (!isOwn || !mayCall)
                wrong.Add($"{role} {method}: {string.Join(' ', row)}");
        }
        Assert.NotEmpty(rows);
        Assert.Empty(wrong);
    }

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
