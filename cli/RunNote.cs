using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace AgentPlatform.Cli;

/// <summary>What a running platform says of itself, in the file run.json of its data folder.</summary>
/// <param name="Pid">The AppHost's process.</param>
/// <param name="Infra">Where Postgres and Redis come from: containers, local or external.</param>
/// <param name="Gateway">Where the gateway takes gRPC.</param>
/// <param name="Authority">With TLS, the PEM file with what the gateway is checked by; null without.</param>
/// <param name="Http">Where the gateway takes HTTP/1.1.</param>
/// <param name="Dashboard">The Aspire dashboard; null when the AppHost was started without one.</param>
/// <param name="Otlp">Where telemetry goes; null when nowhere.</param>
/// <param name="Database">Where Postgres listens; null with containers, when only Aspire knows.</param>
/// <param name="Vault">The root of the vault.</param>
/// <param name="Logs">The folder with the log files of the processes.</param>
public sealed record RunNote(
    int Pid, DateTimeOffset StartedAt, string Infra, string Gateway, string? Authority, string Http, string? Dashboard, string? Otlp,
    RunNote.Server? Database, string Vault, string Logs)
{
    // Clocks: a process says when it started in hundredths of a second, and the note is written after that.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    /// <summary>The note of the running platform, or null when none runs. A note left over from a killed run does not count.</summary>
    public static RunNote? Find(DataFolder data)
    {
        try
        {
            var note = JsonSerializer.Deserialize<RunNote>(File.ReadAllText(data.RunNote), JsonSerializerOptions.Web);
            return note is not null && note.IsAlive() ? note : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new CliException($"{data.RunNote} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The note of the running platform; an error that says how to start one when there is none.</summary>
    public static RunNote Require(DataFolder data) => Find(data)
        ?? throw new CliException($"AgentPlatform does not run with the data folder {data.Path}; start it in another terminal: ./run{data.Hint}");

    // The id of a process that ended may go to another one, which then is younger than the note.
    private bool IsAlive()
    {
        try
        {
            using var process = Process.GetProcessById(Pid);
            return process.StartTime.ToUniversalTime() <= (StartedAt + Tolerance).UtcDateTime;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // No such process, or it has just ended.
            return false;
        }
    }

    /// <summary>Where a server listens, and as whom the platform administers it.</summary>
    public sealed record Server(string Host, int Port, string Username);
}
