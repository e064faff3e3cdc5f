using AgentPlatform.Bench.Chaos;
using AgentPlatform.Bench.Sessions;
using AgentPlatform.Cli;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Net.Client;
using Spectre.Console;

namespace AgentPlatform.Bench.Gateway;

/// <summary>A platform with a session, and all the ways to it that are compared.</summary>
public sealed class Contestants : IAsyncDisposable
{
    public const string Direct = "direct";
    public const string Gateway = "gateway";
    public const string Haproxy = "haproxy";
    public const string HaproxyVerifies = "haproxy-verifies";
    public const string HaproxyRemembers = "haproxy-remembers";
    public const string Nginx = "nginx";
    public const string Rest = "REST";
    private const string Unlimited = "unlimited";

    /// <summary>What there is beside the direct way.</summary>
    public static readonly string[] Names = [Gateway, Unlimited, Haproxy, HaproxyVerifies, HaproxyRemembers, Nginx, Rest];

    private readonly BenchPlatform _platform;
    private readonly ServiceProcess _session;
    private readonly string[] _tokens;
    private readonly string _id;
    private readonly List<Contestant> _all = [];
    private readonly Stack<IAsyncDisposable> _peers = [];
    private readonly Stack<IDisposable> _callers = [];

    private Contestants(BenchPlatform platform, ServiceProcess session, string[] tokens, string id) =>
        (_platform, _session, _tokens, _id) = (platform, session, tokens, id);

    /// <summary>All that were asked for and are installed, the direct one first.</summary>
    public IReadOnlyList<Contestant> All => _all;

    /// <summary>Starts what is asked for; says so where a peer is not installed.</summary>
    public static async Task<Contestants> StartAsync(string[] names, int connections)
    {
        var platform = await BenchPlatform.StartAsync();
        try
        {
            var session = await platform.StartSessionAsync(platform.PostgresPort);
            var tokens = Enumerable.Range(0, connections).Select(i => platform.OperatorToken($"bench-{i}")).ToArray();
            using var channel = GrpcChannel.ForAddress(session.GrpcAddress);
            var id = await new SessionCalls(channel, tokens[0]).CreateAsync();
            var contestants = new Contestants(platform, session, tokens, id.ToString());
            try
            {
                await contestants.AddAsync(names);
                return contestants;
            }
            catch
            {
                await contestants.DisposePeersAsync();
                throw;
            }
        }
        catch
        {
            await platform.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DisposePeersAsync();
        await _platform.DisposeAsync();
    }

    private async Task AddAsync(string[] names)
    {
        AddGrpc(Direct, _session.GrpcAddress, between: null, isCompiledAsItRuns: true);
        var gateway = names.Contains(Gateway) || names.Contains(Rest) ? await _platform.StartGatewayAsync("session", _session, isLimited: true) : null;
        if (gateway is not null && names.Contains(Gateway))
            AddGrpc(Gateway, gateway.GrpcAddress, gateway.Process, isCompiledAsItRuns: true);
        if (names.Contains(Unlimited))
        {
            var unlimited = await _platform.StartGatewayAsync("session", _session);
            AddGrpc(Unlimited, unlimited.GrpcAddress, unlimited.Process, isCompiledAsItRuns: true);
        }
        foreach (var peer in PeerProxy.Known.Where(p => names.Contains(p.Name)))
        {
            if (LocalPrograms.Find(peer.Program) is null)
            {
                Terminal.Out.MarkupLineInterpolated($"Without {peer.Name}: install the system's package {peer.Program}.");
                continue;
            }
            if (peer.IsChecking)
                await CheckProof.RunAsync(peer, _platform, _session.GrpcPort);
            var proxy = await PeerProxy.StartAsync(peer, _session.GrpcPort, _platform.PublicKey, BenchPlatform.CallsPerMinute);
            _peers.Push(proxy);
            AddGrpc(peer.Name, proxy.Address, proxy.Process, isCompiledAsItRuns: false);
        }
        if (gateway is not null && names.Contains(Rest))
            AddRest(gateway);
    }

    private void AddGrpc(string name, string address, ServerProcess? between, bool isCompiledAsItRuns)
    {
        var request = new GetSessionRequest { Id = _id };
        var callers = _tokens.Select(token => new GrpcCaller(address, token)).ToList();
        foreach (var caller in callers)
            _callers.Push(caller);
        _all.Add(new Contestant(name, Measured(between, number => callers[number % callers.Count].GetSessionAsync(request)), isCompiledAsItRuns));
    }

    private void AddRest(ServiceProcess gateway)
    {
        var caller = new RestCaller(gateway.HttpAddress, _tokens);
        _callers.Push(caller);
        _all.Add(new Contestant(Rest, Measured(gateway.Process, number => caller.GetSessionAsync(number, _id)), IsCompiledAsItRuns: true));
    }

    private Way Measured(ServerProcess? between, Func<int, Task> call) => async (callers, round, result) =>
    {
        var before = Times();
        await LoadRound.RunAsync(callers, round, call, result);
        result.AddProcessorTimes(Times() - before);

        ProcessorTimes Times() => _platform.TimesOf(_session, []) with { Gateway = between is null ? default : ProcessorTimes.OfFamily(between.Id) };
    };

    private async Task DisposePeersAsync()
    {
        foreach (var caller in _callers)
            caller.Dispose();
        foreach (var peer in _peers)
            await peer.DisposeAsync();
    }
}
