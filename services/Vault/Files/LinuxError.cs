using System.Runtime.InteropServices;

namespace AgentPlatform.Vault;

/// <summary>The error numbers of Linux that the vault tells apart; any other comes as its number.</summary>
internal enum LinuxError
{
    None = 0,
    NotPermitted = 1,
    NoEntry = 2,
    Interrupted = 4,
    InputOutput = 5,
    TryAgain = 11,
    NoMemory = 12,
    TableFull = 23,
    TooManyOpen = 24,
    NoSuchCall = 38,
}

internal static class LinuxErrors
{
    /// <summary>
    /// Whether the machine is at fault, and not what the path leads to. Only these few are: an error that nobody thought of must
    /// not let a caller tell one path outside from another.
    /// </summary>
    public static bool IsOfMachine(this LinuxError error) => error is LinuxError.InputOutput or LinuxError.TryAgain
        or LinuxError.NoMemory or LinuxError.TableFull or LinuxError.TooManyOpen;

    public static IOException ToException(this LinuxError error, string call) => new($"{call}: {error.Describe()}");

    public static string Describe(this LinuxError error) => Marshal.GetPInvokeErrorMessage((int)error);
}
