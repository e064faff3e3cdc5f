using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace AgentPlatform.Cli;

/// <summary><c>agentctl status</c>: how the running platform is, where its parts are, and how busy their connections.</summary>
public static class StatusCommand
{
    private const string NoAnswer = "No answer";

    public static Command Create()
    {
        var data = DataFolder.NewOption();
        var command = new Command("status", "Shows how the running platform is and where its parts are. Fails unless all is healthy.") { data };
        command.SetAction((parsed, _) => RunAsync(DataFolder.Locate(parsed.GetValue(data))));
        return command;
    }

    private static async Task<int> RunAsync(DataFolder data)
    {
        var note = RunNote.Require(data);
        using var http = new GatewayHealth();
        var report = await http.ReadAsync(note);

        var table = Terminal.NewTable("part", "state", "where");
        void Row(string part, string state, string where) => table.AddRow(new Text(part), new Text(state, StyleOf(state)), new Text(where));
        Row("gateway", report?.Status ?? NoAnswer, $"{note.Gateway} (gRPC), {note.Http} (HTTP)");
        foreach (var (name, state) in report?.Services ?? [])
            Row(name, state, "");
        Row("postgres, redis", "", note.Database is { } server ? $"{note.Infra}, Postgres at {server.Host}:{server.Port}" : note.Infra);
        Row("dashboard", "", note.Dashboard ?? "none");
        Row("vault", "", note.Vault);
        Row("data", "", data.Path);
        Row("logs", "", note.Logs);
        Row("up", "", $"{UpTime(TimeProvider.System.GetUtcNow() - note.StartedAt)}, process {note.Pid}");
        Terminal.Out.Write(table);
        if (report is not null)
        {
            using var key = DevelopmentKey.Load(data.DevelopmentKey);
            using var pools = new PoolTable(note, key, TimeProvider.System);
            Terminal.Out.Write(await pools.ReadAsync(report.Services.Select(s => s.Key)));
        }
        return report is { IsHealthy: true } ? ExitCode.Ok : ExitCode.Failed;
    }

    private static Style StyleOf(string state) => state switch
    {
        HealthReport.Healthy => new Style(Color.Green),
        "Degraded" => new Style(Color.Yellow),
        "" => Style.Plain,
        _ => new Style(Color.Red),
    };

    /// <summary>"3 d 04:05:06"; without days on the first.</summary>
    public static string UpTime(TimeSpan time) => time.ToString(time.Days > 0 ? @"d' d 'hh\:mm\:ss" : @"hh\:mm\:ss", CultureInfo.InvariantCulture);
}
