using System.CommandLine;

namespace AgentPlatform.Cli;

/// <summary>Options that take a word of a contract's enum, in lower case: "in_progress".</summary>
public static class EnumOption
{
    /// <summary>The option; its value is the unspecified one when it is not given. Only those values are meant that are named, all when none is.</summary>
    public static Option<T> Create<T>(string name, string description, params T[] only) where T : struct, Enum
    {
        var words = (only.Length > 0 ? only : Enum.GetValues<T>().Where(v => Convert.ToInt32(v, null) != 0)).ToDictionary(v => RpcText.Of(v).ToLowerInvariant());
        return new Option<T>(name)
        {
            HelpName = name.TrimStart('-').ToUpperInvariant(),
            Description = $"{description}: {string.Join(", ", words.Keys)}",
            CustomParser = result =>
            {
                var word = result.Tokens.Single().Value;
                if (words.TryGetValue(word, out var value))
                    return value;
                result.AddError($"'{word}' is none of {string.Join(", ", words.Keys)}.");
                return default;
            },
        };
    }
}
