using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>A schema that was read and found right, or a part of one. See <see cref="SchemaReader"/> for what it may say.</summary>
public sealed class JsonSchema(IReadOnlyList<SchemaRule> rules)
{
    /// <summary>Anything meets it.</summary>
    public static JsonSchema Anything { get; } = new([]);

    /// <summary>Nothing meets it.</summary>
    public static JsonSchema Nothing { get; } = new([(check, _) => check.Require(false, "is not allowed")]);

    /// <summary>Whether the value meets every rule; goes on after the first that it does not while more is to be told.</summary>
    public bool IsMetBy(Value value, SchemaCheck check)
    {
        check.Spend(1);
        var isMet = true;
        foreach (var rule in rules)
        {
            isMet &= rule(check, value);
            if (!isMet && check.IsDecided)
                break;
        }
        return isMet;
    }
}
