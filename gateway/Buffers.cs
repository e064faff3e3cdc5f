namespace AgentPlatform.Gateway;

/// <summary>
/// How many buffers the shared pool of arrays keeps. The proxy copies with buffers of 64 KiB, and holds one while a message waits for its turn on the connection to a service. The pool
/// keeps 32 of a size for each core unless told otherwise; with 256 calls in progress most buffers were made anew, and what went on collecting them was a tenth of a call's
/// processor time.
/// </summary>
internal static class Buffers
{
    // The runtime reads it from the environment alone, when the first array is given back.
    private const string Variable = "DOTNET_SYSTEM_BUFFERS_SHAREDARRAYPOOL_MAXARRAYSPERPARTITION";

    // 16 MiB for each core at most; what is not used for a minute is let go.
    private const string PerCore = "256";

    /// <summary>Sets it, unless whoever starts the gateway has. Before anything else.</summary>
    public static void Keep()
    {
        if (Environment.GetEnvironmentVariable(Variable) is null)
            Environment.SetEnvironmentVariable(Variable, PerCore);
    }
}
