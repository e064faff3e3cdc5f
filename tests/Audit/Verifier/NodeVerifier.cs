using System.ComponentModel;
using System.Diagnostics;

namespace AgentPlatform.Tests.Audits;

/// <summary>The second verifier, verify.mjs, as a process of Node.</summary>
internal static class NodeVerifier
{
    /// <summary>Its exit code and what it said. Without Node the test is skipped, but not where CI is set.</summary>
    public static async Task<(int ExitCode, string Said)> RunAsync(string export, string anchor, params string[] keys)
    {
        var start = new ProcessStartInfo("node", [Repository.PathOf("tests", "Audit", "Verifier", "verify.mjs"), export, anchor, .. keys])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Start(start);
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, string.Concat(texts));
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e) when (Environment.GetEnvironmentVariable("CI") is null)
        {
            Assert.Skip($"There is no Node here: {e.Message}");
            throw;
        }
    }
}
