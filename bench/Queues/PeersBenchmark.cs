using System.CommandLine;
using AgentPlatform.Bench.Node;
using AgentPlatform.Cli;

namespace AgentPlatform.Bench.Queues;

/// <summary>What people queue work with today, measured in the way in which the platform's own queue is: from npm, each in Node, on one Postgres and one Redis.</summary>
public static class PeersBenchmark
{
    public static Command NewCommand()
    {
        var (seconds, rounds) = (TurnOptions.NewSeconds(), TurnOptions.NewRounds());
        var command = new Command("peers", "What graphile-worker, pg-boss and BullMQ do here: create to start, creates a second, draining. Starts its own servers.") { seconds, rounds };
        command.SetAction((parsed, _) => RunAsync(parsed.GetValue(rounds), TimeSpan.FromSeconds(parsed.GetValue(seconds))));
        return command;
    }

    private static async Task<int> RunAsync(int rounds, TimeSpan round)
    {
        if (await NodeModules.Peers.InstallAsync() is { } missing)
            throw new CliException($"there are no peers: {missing}");
        await using var platform = await BenchPlatform.StartAsync();
        await using var peers = await PeerQueues.StartAsync(platform);
        var calm = new CalmRounds();
        var contests = peers.Queues.ConvertAll(q => new QueueContest(q, QueueContest.Measures, calm));
        await QueueContest.RunAsync(contests, rounds, round);

        var table = QueueContest.NewTable();
        contests.ForEach(c => c.AddTo(table));
        QueueContest.Explain(rounds, round, PeerQueues.Connections);
        calm.Explain();
        Terminal.Out.Write(table);
        return ExitCode.Ok;
    }
}
