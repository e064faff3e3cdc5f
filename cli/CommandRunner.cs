using System.CommandLine;
using Grpc.Core;

namespace AgentPlatform.Cli;

/// <summary>Runs a command line; whatever goes wrong ends as one line on the error output and an <see cref="ExitCode"/>.</summary>
public static class CommandRunner
{
    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        // No @FILE of arguments: @daily is a time.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                Fail(error.Message);
            Console.Error.WriteLine("See ./run --help, or --help after a command.");
            return ExitCode.WrongUsage;
        }

        try
        {
            // Signals are the commands' own business: `up` has to stop what it started, in order, before it ends.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (CliException e) { return Fail(e.Message); }
        catch (RpcException e) { return Fail(RpcText.Of(e)); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return Fail(e.Message); }
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine($"agentctl: {message}");
        return ExitCode.Failed;
    }
}
