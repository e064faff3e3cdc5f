using AgentPlatform.Cli;
using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf;
using Grpc.Core;
using static AgentPlatform.Contracts.Session.V1.SessionStatus;

namespace AgentPlatform.Bench.Chaos;

/// <summary>
/// One caller of a storm, which makes one change after the other, each under a key of its own, and writes down what it was
/// told. What it does follows from its seed; when, from the platform.
/// </summary>
internal sealed class StormCaller(string agentId, int number, int seed, CallInvoker invoker, OpenSessions open, Ledger ledger)
{
    private const int Remembered = 50;
    private const int LongestPauseMs = 20;

    private readonly Random _random = new(seed);
    private readonly string _subject = Cluster.SubjectOf(agentId);
    private readonly SessionService.SessionServiceClient _sessions = new(invoker);
    private readonly RegistryService.RegistryServiceClient _registry = new(invoker);
    private readonly List<(string Key, Func<CallOptions, Task<IMessage>> Send, ByteString Answer)> _answered = [];
    private int _keys;

    /// <summary>Makes changes until the time is up, and then finishes what it has begun.</summary>
    public async Task RunAsync(CancellationToken timeIsUp, CancellationToken giveUp)
    {
        while (!timeIsUp.IsCancellationRequested)
        {
            var call = "";
            try
            {
                await (_random.Next(10) switch
                {
                    < 4 => CreateAsync(call = "CreateSession", giveUp),
                    < 8 => StepAsync(call = "TransitionSession", giveUp),
                    8 => RegisterAsync(call = "RegisterAgent", giveUp),
                    _ => RepeatAsync(call = "a repeat", giveUp),
                });
            }
            catch (RpcException e) { ledger.Complain($"{call} of {_subject}, key {KeyNow}: {RpcText.Of(e)}{(e.Status.DebugException is { } cause ? $" ({cause.Message})" : "")}"); }
            catch (OperationCanceledException)
            {
                ledger.Complain($"{call} of {_subject}, key {KeyNow}: no answer until the very end");
                return;
            }
            await Task.Delay(_random.Next(LongestPauseMs), CancellationToken.None);
        }
    }

    private string KeyNow => $"{number}-{_keys}";

    private async Task CreateAsync(string method, CancellationToken giveUp)
    {
        var request = new CreateSessionRequest { Role = "storm", Task = $"Task {_keys} of caller {number}" };
        var answer = (CreateSessionResponse)await ChangeAsync(async options => await _sessions.CreateSessionAsync(request, options), giveUp);
        var resource = $"session/{answer.Session.Id}";
        Acknowledge(SessionMethod(method), resource, answer.Session.Version, $"session.create {resource}", answer);
        open.Seen(answer.Session);
    }

    private async Task StepAsync(string method, CancellationToken giveUp)
    {
        if (!open.TryPick(_random, out var session))
            return;
        SessionStatus[] next = session.Status == Pending ? [Active, Active, Active, Cancelled] : [Completed, Failed, Cancelled];
        var request = new TransitionSessionRequest { Id = session.Id, Status = next[_random.Next(next.Length)], Version = session.Version };
        try
        {
            var answer = (TransitionSessionResponse)await ChangeAsync(async options => await _sessions.TransitionSessionAsync(request, options), giveUp);
            var resource = $"session/{session.Id}";
            Acknowledge(SessionMethod(method), resource, answer.Session.Version, $"session.transition {resource} {answer.Session.Status}", answer);
            open.Seen(answer.Session);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Aborted && RpcText.ReasonOf(e) == "CONCURRENT_UPDATE")
        {
            ledger.LostRace();
            var now = await Patience.UntilAnsweredAsync(
                async options => await _sessions.GetSessionAsync(new GetSessionRequest { Id = session.Id }, options), null, ledger.Failed, giveUp);
            if (now.Session.Version <= session.Version)
                ledger.Complain($"{request.Status} of session {session.Id} lost a race at version {session.Version}, but the session is at {now.Session.Version}");
            open.Seen(now.Session);
        }
    }

    private async Task RegisterAsync(string method, CancellationToken giveUp)
    {
        var request = new RegisterAgentRequest { Platform = Platform.Linux, Version = $"1.{_keys}" };
        var answer = (RegisterAgentResponse)await ChangeAsync(async options => await _registry.RegisterAgentAsync(request, options), giveUp);
        var resource = $"agent/{answer.Agent.Id}";
        Acknowledge($"/agentplatform.registry.v1.RegistryService/{method}", resource, answer.Agent.Epoch, $"agent.register {resource} {answer.Agent.Epoch}", answer);
    }

    // Long after its answer a call must still get the same one.
    private async Task RepeatAsync(string method, CancellationToken giveUp)
    {
        if (_answered.Count == 0)
            return;
        var (key, send, first) = _answered[_random.Next(_answered.Count)];
        var second = (await Patience.UntilAnsweredAsync(send, key, ledger.Failed, giveUp)).ToByteString();
        ledger.Repeated();
        if (second != first)
            ledger.Complain($"{method} of {_subject}, key {key}: another answer than at first");
    }

    // Now and then twice at once under one key, as a client does whose network is slow: both must get the same answer.
    private async Task<IMessage> ChangeAsync(Func<CallOptions, Task<IMessage>> send, CancellationToken giveUp)
    {
        _keys++;
        var key = KeyNow;
        var twice = _random.Next(8) == 0;
        var answers = await Task.WhenAll(Enumerable.Range(0, twice ? 2 : 1).Select(_ => Patience.UntilAnsweredAsync(send, key, ledger.Failed, giveUp)));
        if (twice && !answers[0].Equals(answers[1]))
            ledger.Complain($"a call of {_subject}, key {key}, sent twice at once: two answers");
        if (_answered.Count == Remembered)
            _answered.RemoveAt(0);
        _answered.Add((key, send, answers[0].ToByteString()));
        return answers[0];
    }

    private void Acknowledge(string method, string resource, long version, string auditLine, IMessage answer) =>
        ledger.Acknowledged(new Change(_subject, method, KeyNow, resource, version, auditLine, answer.ToByteString()));

    private static string SessionMethod(string method) => $"/agentplatform.session.v1.SessionService/{method}";
}
