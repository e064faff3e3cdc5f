using System.CommandLine;
using AgentPlatform.Bench;
using AgentPlatform.Bench.Audit;
using AgentPlatform.Bench.Chaos;
using AgentPlatform.Bench.Costings;
using AgentPlatform.Bench.Fleet;
using AgentPlatform.Bench.Gateway;
using AgentPlatform.Bench.Mutate;
using AgentPlatform.Bench.Queues;
using AgentPlatform.Bench.Redact;
using AgentPlatform.Bench.Sessions;
using AgentPlatform.Bench.Vaults;
using AgentPlatform.Cli;
using Grpc.Core;

var root = new RootCommand("Measures AgentPlatform, in ratios between two ways that take turns in one run.")
{
    ChaosCommand.NewCommand(),
    GatewayBenchmark.NewCommand(),
    MutateBenchmark.NewCommand(),
    SessionBenchmark.NewCommand(),
    HeartbeatBenchmark.NewCommand(),
    DispatchBenchmark.NewCommand(),
    CostingBenchmark.NewCommand(),
    VaultBenchmark.NewCommand(),
    TableBenchmark.NewCommand(),
    PeersBenchmark.NewCommand(),
    RedactBenchmark.NewCommand(),
    AuditBenchmark.NewCommand(),
    AuditReadBenchmark.NewCommand(),
};
var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors)
        Console.Error.WriteLine($"bench: {error.Message}");
    Console.Error.WriteLine($"Benchmarks: {string.Join(", ", root.Subcommands.Select(c => c.Name))}");
    return ExitCode.WrongUsage;
}
try { return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }); }
catch (Exception e) when (e is CliException or RpcException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"bench: {(e is RpcException rpc ? $"{rpc.StatusCode}: {rpc.Status.Detail}" : e.Message)}");
    return ExitCode.Failed;
}
