namespace AgentPlatform.Cli;

/// <summary>Asks the person at the terminal before something that cannot be undone.</summary>
public static class Confirmation
{
    /// <summary>The option that answers beforehand.</summary>
    public const string Option = "--yes";

    /// <summary>Whether the person says yes; where there is nobody to ask, the command ends.</summary>
    public static bool Ask(string question)
    {
        if (Console.IsInputRedirected)
            throw new CliException($"there is nobody to ask; give {Option}");
        Console.Error.Write($"{question} [y/N] ");
        return Console.In.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }
}
