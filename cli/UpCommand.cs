using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace AgentPlatform.Cli;

/// <summary><c>agentctl up</c>: starts the platform, says where it is, and stops it in order when asked to.</summary>
public static class UpCommand
{
    // The first start with containers downloads their images.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    // ./run checks and builds before this program starts, and says when it began: seconds since 1970.
    private const string BeganAtVariable = "AGENTPLATFORM_BEGAN_AT";

    private static readonly string[] InfraKinds = ["auto", "containers", "local", "external"];

    public static Command Create()
    {
        var infra = new Option<string?>("--infra")
        {
            HelpName = string.Join('|', InfraKinds),
            Description = "Where Postgres and Redis come from. auto, unless given: containers if docker or podman answers, else programs of this machine (local). external: from ConnectionStrings__agentplatform and ConnectionStrings__redis.",
        };
        infra.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } kind && !InfraKinds.Contains(kind))
                result.AddError($"--infra {kind}: known are {string.Join(", ", InfraKinds)}.");
        });
        var data = DataFolder.NewOption();
        var vault = new Option<string?>("--vault") { HelpName = "DIR", Description = "The folder whose files agents may read. Unless given: vault in the data folder." };
        var gatewayPort = PortOption("--gateway-port", "Where the gateway takes gRPC; 8081 unless given.");
        var httpPort = PortOption("--http-port", "Where the gateway takes HTTP/1.1; 8080 unless given.");

        var tls = new Option<bool>("--tls") { Description = "The gateway takes gRPC and REST by TLS, and agents' certificates, from an authority made in the data folder." };

        var command = new Command("up", "Starts the platform and keeps it running until Ctrl-C. Data stays for the next time.") { infra, data, vault, gatewayPort, httpPort, tls };
        command.SetAction((parsed, _) =>
        {
            var folder = DataFolder.Locate(parsed.GetValue(data));
            List<string> arguments = ["--data", folder.Path];
            foreach (var (option, value) in new[]
            {
                ("--infra", parsed.GetValue(infra)),
                ("--vault", parsed.GetValue(vault)),
                ("--gateway-port", parsed.GetValue(gatewayPort)?.ToString(CultureInfo.InvariantCulture)),
                ("--http-port", parsed.GetValue(httpPort)?.ToString(CultureInfo.InvariantCulture)),
                // Unless asked for here, as the environment says.
                ("--tls", parsed.GetValue(tls) ? "true" : null),
            })
            {
                if (value is not null)
                    arguments.AddRange([option, value]);
            }
            return RunAsync(folder, arguments);
        });
        return command;
    }

    private static async Task<int> RunAsync(DataFolder data, List<string> arguments)
    {
        if (RunNote.Find(data) is { } other)
            throw new CliException($"AgentPlatform runs already, gateway {other.Gateway}; to stop it press Ctrl-C where it was started, or: kill {other.Pid}");

        using var stop = new StopSignal();
        using var host = AppHostProcess.Start(Repository.Find(), arguments, line => Terminal.Out.MarkupLineInterpolated($"[grey]  {line}[/]"));
        try
        {
            var note = await WaitUntilHealthyAsync(host, data, stop);
            if (note is not null)
            {
                Show(note, data, TimeProvider.System.GetUtcNow() - BeganAt());
                await Task.WhenAny(host.Ended, stop.Asked);
            }
        }
        finally
        {
            if (!host.Ended.IsCompleted)
                Terminal.Out.WriteLine("Stopping; press Ctrl-C again to end at once.");
            await host.StopAsync(stop.Insisted);
        }

        if (stop.Asked.IsCompleted)
        {
            Terminal.Out.WriteLine("Stopped.");
            return ExitCode.Ok;
        }
        return host.HasComplained ? ExitCode.Failed
            : throw new CliException($"the AppHost ended by itself with exit code {await host.Ended}; its log files are in {data.Entry("logs")}");
    }

    /// <summary>The note of the started platform; null when it ended, or was asked to, before it was healthy.</summary>
    private static async Task<RunNote?> WaitUntilHealthyAsync(AppHostProcess host, DataFolder data, StopSignal stop)
    {
        using var http = new GatewayHealth();
        var watch = Stopwatch.StartNew();
        while (!host.Ended.IsCompleted && !stop.Asked.IsCompleted)
        {
            // Only the note of our own AppHost counts: at the port may be the gateway of another platform.
            if (RunNote.Find(data) is { } note && note.Pid == host.Id && await http.ReadAsync(note) is { IsHealthy: true })
                return note;
            if (watch.Elapsed > StartTimeout)
                throw new CliException($"the platform is not healthy after {StartTimeout.TotalMinutes:0} minutes; its log files are in {data.Entry("logs")}");
            await Task.WhenAny(host.Ended, stop.Asked, Task.Delay(LookEvery));
        }
        return null;
    }

    private static void Show(RunNote note, DataFolder data, TimeSpan elapsed)
    {
        var list = Terminal.NewList();
        void Row(string name, string value) => list.AddRow(new Text(name), new Text(value));
        Row("Gateway, gRPC", note.Gateway);
        if (note.Authority is not null)
            Row("It is checked by", note.Authority);
        Row("Gateway, REST", $"{note.Http}/v1");
        Row("Gateway, MCP", $"{note.Http}/mcp");
        Row("A page to try it", $"{note.Http}/docs");
        Row("Gateway, health", $"{note.Http}/health");
        if (note.Dashboard is not null)
            Row("Aspire dashboard", note.Dashboard);
        Row("Data", $"{data.Path} ({note.Infra} Postgres and Redis)");
        Row("A token", $"./run token operator{data.Hint}");
        Row("A demonstration", $"./run demo{data.Hint}");
        Row("How it is", $"./run status{data.Hint}");
        Row("Stop", "Ctrl-C");

        Terminal.Out.WriteLine();
        Terminal.Out.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[green]AgentPlatform is ready in {elapsed.TotalSeconds:0.0} s.[/]");
        Terminal.Out.WriteLine();
        Terminal.Out.Write(list);
        Terminal.Out.WriteLine();
    }

    private static DateTimeOffset BeganAt()
    {
        if (double.TryParse(Environment.GetEnvironmentVariable(BeganAtVariable), CultureInfo.InvariantCulture, out var seconds))
            return DateTimeOffset.UnixEpoch.AddSeconds(seconds);
        using var self = Process.GetCurrentProcess();
        return self.StartTime.ToUniversalTime();
    }

    private static Option<int?> PortOption(string name, string description)
    {
        var option = new Option<int?>(name) { HelpName = "PORT", Description = description };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1 or > 65535)
                result.AddError($"{name}: a port is a number from 1 to 65535.");
        });
        return option;
    }
}
