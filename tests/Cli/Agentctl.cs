using System.Diagnostics;
using System.Text.Json;

namespace AgentPlatform.Tests.Commands;

/// <summary>Runs agentctl as a process of its own, on a data folder that goes away with this object.</summary>
public sealed class Agentctl : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentplatform-test-cli-");

    /// <summary>The data folder.</summary>
    public string Data => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>A file or folder in the data folder.</summary>
    public string PathOf(params ReadOnlySpan<string> parts) => Path.Combine([Data, .. parts]);

    /// <summary>Writes into the data folder, and makes folders on the way.</summary>
    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(path))!);
        File.WriteAllText(PathOf(path), text);
    }

    /// <summary>Lets a platform seem to run: this process stands for it.</summary>
    public void WriteRunNote(int? pid = null, DateTimeOffset? startedAt = null, string gateway = "http://localhost:9", string? authority = null) => Write("run.json", JsonSerializer.Serialize(new
    {
        pid = pid ?? Environment.ProcessId,
        startedAt = startedAt ?? TimeProvider.System.GetUtcNow(),
        infra = "local",
        gateway,
        authority,
        http = "http://localhost:9",
        vault = PathOf("vault"),
        logs = PathOf("logs"),
    }));

    /// <summary>Runs a command on the data folder.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, texts[0], texts[1]);
    }

    /// <summary>Starts a command on the data folder that goes on until it is stopped.</summary>
    public Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "agentctl.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["AGENTPLATFORM_DATA"] = Data;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }
}
