using System.CommandLine;

namespace AgentPlatform.Cli;

/// <summary><c>--limit N</c>: how many at most.</summary>
public static class LimitOption
{
    private const int Unless = 50;
    private const int Largest = 10_000;

    public static Option<int> Create()
    {
        var limit = new Option<int>("--limit") { HelpName = "N", DefaultValueFactory = _ => Unless, Description = $"How many at most, up to {Largest:N0}" };
        limit.Validators.Add(given =>
        {
            if (given.GetValue(limit) is < 1 or > Largest)
                given.AddError($"--limit must be 1 to {Largest:N0}.");
        });
        return limit;
    }
}
