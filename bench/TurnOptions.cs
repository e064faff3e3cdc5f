using System.CommandLine;

namespace AgentPlatform.Bench;

/// <summary>How many turns there are, and how long: the options of benchmarks whose ways take turns.</summary>
public static class TurnOptions
{
    public static Option<double> NewSeconds()
    {
        var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 1, Description = "How long each round of each way takes" };
        seconds.Validators.Add(given =>
        {
            if (given.GetValue(seconds) is not (> 0 and <= 60))
                given.AddError("--seconds must be more than 0 and at most 60.");
        });
        return seconds;
    }

    public static Option<int> NewRounds()
    {
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 5, Description = "How many rounds each way has" };
        rounds.Validators.Add(given =>
        {
            if (given.GetValue(rounds) is not (>= 1 and <= 100))
                given.AddError("--rounds must be 1 to 100.");
        });
        return rounds;
    }
}
