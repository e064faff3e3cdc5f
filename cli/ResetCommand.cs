using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Spectre.Console;

namespace AgentPlatform.Cli;

/// <summary><c>agentctl reset</c>: drops what the platform keeps between runs.</summary>
public static class ResetCommand
{
    // By name, and nothing else: the folder may have been somebody's home. The vault's files are the person's own and stay.
    private static readonly string[] Folders = ["postgres", "postgres.new", "redis", "audit", "logs"];
    private static readonly string[] Files = ["postgres.password", "development-key.pem", "webhooks.key", "run.json"];

    public static Command Create()
    {
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var data = DataFolder.NewOption();
        var command = new Command("reset", "Drops the data: database, cache, keys, logs. Files in the vault stay. Refused while the platform runs.") { yes, data };
        command.SetAction((parsed, _) => RunAsync(DataFolder.Locate(parsed.GetValue(data)), parsed.GetValue(yes)));
        return command;
    }

    private static async Task<int> RunAsync(DataFolder data, bool isSure)
    {
        if (!Directory.Exists(data.Path))
        {
            Terminal.Out.WriteLine($"Nothing to drop: there is no {data.Path}.");
            return ExitCode.Ok;
        }
        using var held = Hold(data);
        if (!isSure && !Ask(data))
            throw new CliException("nothing was dropped");

        // The volume first: its password is in the folder, and without it a volume is lost.
        await DropVolumeAsync(data);
        foreach (var folder in Folders.Select(data.Entry).Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
        foreach (var file in Files.Select(data.Entry))
            File.Delete(file);
        Terminal.Out.WriteLine($"Dropped the data in {data.Path}.");
        return ExitCode.Ok;
    }

    // The lock that the AppHost holds while it runs; held here, none can start while its data goes away.
    private static FileStream Hold(DataFolder data)
    {
        try
        {
            return new FileStream(data.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            var process = RunNote.Find(data) is { } note ? $" (process {note.Pid})" : "";
            throw new CliException($"AgentPlatform runs with the data folder {data.Path}{process}; stop it first", e);
        }
    }

    private static bool Ask(DataFolder data)
    {
        if (Console.IsInputRedirected)
            throw new CliException("reset asks before it drops anything; without a terminal add --yes");
        Console.Write($"Drop all data in {data.Path}, but for the vault's files? Type yes to go on: ");
        return Console.ReadLine()?.Trim() is "yes";
    }

    // With containers the database lies in a volume, named as AppHost/Servers.cs does.
    private static async Task DropVolumeAsync(DataFolder data)
    {
        var name = $"agentplatform-postgres-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(data.Path)))[..8]}";
        foreach (var runtime in new[] { "docker", "podman" })
        {
            if (await EndsWellAsync(runtime, "volume", "inspect", name) && !await EndsWellAsync(runtime, "volume", "rm", name))
                throw new CliException($"{runtime} does not drop the volume {name}; see: {runtime} volume rm {name}");
        }
    }

    private static async Task<bool> EndsWellAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync(), process.WaitForExitAsync());
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            // Not installed, so it holds no volume either.
            return false;
        }
    }
}
