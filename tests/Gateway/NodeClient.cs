using System.Diagnostics;
using System.Text.Json;
using AgentPlatform.Bench.Node;

namespace AgentPlatform.Tests.Gateways;

/// <summary>Clients that others have made, as processes of Node: see tests/Gateway/clients-node. Each does its work, prints one line of JSON, and ends.</summary>
internal static class NodeClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly NodeModules Modules = new("tests", "Gateway", "clients-node");

    /// <summary>Runs a script with this on its stdin; what it printed. Without Node, or where npm cannot install what it needs, the test is skipped, but not where CI is set.</summary>
    public static async Task<JsonElement> RunAsync(string script, string input)
    {
        Require(await Modules.InstallAsync());
        var start = new ProcessStartInfo("node", [script])
        {
            WorkingDirectory = Modules.Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            var said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(deadline.Token), process.StandardError.ReadToEndAsync(deadline.Token));
            await process.StandardInput.WriteAsync(input.AsMemory(), deadline.Token);
            process.StandardInput.Close();
            var texts = await said;
            await process.WaitForExitAsync(deadline.Token);
            Assert.True(process.ExitCode == 0, $"{script} ended with {process.ExitCode}: {texts[0]} {texts[1]}");
            return JsonElement.Parse(texts[0]);
        }
        finally
        {
            // It would outlive a test that has failed.
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Skips the test when something is missing, or fails it where CI is set.</summary>
    public static void Require(string? missing)
    {
        if (missing is null)
            return;
        Assert.SkipWhen(Environment.GetEnvironmentVariable("CI") is null, missing);
        Assert.Fail(missing);
    }
}
