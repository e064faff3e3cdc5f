namespace AgentPlatform.Bench.Chaos;

/// <summary>What can be done to a process, by the kernel's numbers on Linux.</summary>
public enum Signal
{
    /// <summary>Ends it properly, as Ctrl-C does.</summary>
    Interrupt = 2,

    /// <summary>Ends it at once; it cannot do a thing about it.</summary>
    Kill = 9,

    /// <summary>Asks it to stop.</summary>
    Terminate = 15,

    /// <summary>Lets it go on after <see cref="Stop"/>.</summary>
    Continue = 18,

    /// <summary>Freezes it: its connections stay open, and nobody answers.</summary>
    Stop = 19,
}
