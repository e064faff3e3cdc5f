namespace AgentPlatform.Cli;

/// <summary>What <c>agentctl</c> tells the shell.</summary>
public static class ExitCode
{
    /// <summary>It was done.</summary>
    public const int Ok = 0;

    /// <summary>It was tried and went wrong, or what was asked for is not there.</summary>
    public const int Failed = 1;

    /// <summary>The command line makes no sense.</summary>
    public const int WrongUsage = 2;
}
