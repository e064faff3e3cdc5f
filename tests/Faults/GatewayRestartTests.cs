using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using AgentPlatform.Bench.Chaos;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Tests.Faults;

/// <summary>Callers with idempotency keys go on through the one gateway there is, while it is drained and killed and started again.</summary>
[Collection(FaultCollection.Name)]
public sealed class GatewayRestartTests(FaultCluster faults, ITestOutputHelper output) : IDisposable
{
    private const int Callers = 8;
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _giveUp = new(GiveUpAfter);
    private readonly HttpClient _http = new();
    private int _answered;
    private int _inVain;
    private int _replayed;

    public void Dispose()
    {
        _http.Dispose();
        _giveUp.Dispose();
    }

    [Fact]
    public async Task Every_call_with_a_key_is_answered_in_the_end_and_done_once()
    {
        var gateway = faults.Cluster.Gateway;
        using var stop = new CancellationTokenSource();
        // Half by gRPC, half by REST, each as an agent of its own.
        var callers = Enumerable.Range(0, Callers).Select(async number =>
        {
            var agent = $"gateway-dies-{number}";
            var client = faults.Sessions(agent);
            var ids = new List<string>();
            while (!stop.IsCancellationRequested)
            {
                var key = $"call-{ids.Count}";
                ids.Add(number % 2 == 0 ? await CallAsync(client, key) : await PostAsync(faults.Cluster.AgentToken(agent), key));
                Interlocked.Increment(ref _answered);
            }
            return (Agent: agent, Ids: ids);
        }).ToList();
        try
        {
            foreach (var end in new Func<Task>[] { gateway.Process.KillAsync, gateway.Process.TerminateAsync })
            {
                await GoOnAsync();
                await end();
                await gateway.StartAsync();
            }
            await GoOnAsync();
        }
        finally { await stop.CancelAsync(); }

        foreach (var (agent, ids) in await Task.WhenAll(callers))
        {
            Assert.Equal(ids.Order(StringComparer.Ordinal), (await faults.SqlAsync<Guid>("SELECT id FROM session.sessions WHERE agent_id = $1", agent)).Select(id => $"{id}").Order(StringComparer.Ordinal));
            Assert.Equal(ids.Count, await faults.AuditedAsync(agent));
        }
        output.WriteLine($"{_answered} calls, {_inVain} attempts in vain, {_replayed} answered from the table");
        Assert.True(_inVain > 0, "Nobody noticed that anything was wrong; then this shows nothing.");
    }

    private Task GoOnAsync()
    {
        var enough = Volatile.Read(ref _answered) + 4 * Callers;
        return Eventually.TrueAsync(() => Task.FromResult(Volatile.Read(ref _answered) >= enough), "calls are answered", GiveUpAfter);
    }

    private async Task<string> CallAsync(SessionService.SessionServiceClient client, string key) => await Patience.UntilAnsweredAsync(async options =>
    {
        using var call = client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" }, options);
        var answer = await call;
        if (call.GetTrailers().GetValue(IdempotencyInterceptor.ReplayedTrailer) is not null)
            Interlocked.Increment(ref _replayed);
        return answer.Session.Id;
    }, key, _ => Interlocked.Increment(ref _inVain), _giveUp.Token);

    private async Task<string> PostAsync(string token, string key)
    {
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{faults.Cluster.Gateway.HttpAddress}/v1/sessions") { Content = new StringContent("""{"role":"finance"}""", Encoding.UTF8, "application/json") };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            request.Headers.Add("Idempotency-Key", key);
            try
            {
                using var answer = await _http.SendAsync(request, _giveUp.Token);
                var text = await answer.Content.ReadAsStringAsync(_giveUp.Token);
                if (answer.IsSuccessStatusCode)
                {
                    if (answer.Headers.Contains("Idempotency-Replayed"))
                        Interlocked.Increment(ref _replayed);
                    return JsonElement.Parse(text).GetProperty("session").GetProperty("id").GetString()!;
                }
                // What a client may send again, by docs/api.md.
                Assert.True(answer.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout || text.Contains("IDEMPOTENCY_IN_FLIGHT", StringComparison.Ordinal), text);
            }
            // Nobody listens, or the answer broke off.
            catch (HttpRequestException) { }
            Interlocked.Increment(ref _inVain);
            await Task.Delay(Pause, _giveUp.Token);
        }
    }
}
