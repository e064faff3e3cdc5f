namespace AgentPlatform.Cli.Audit.Verification;

/// <summary>The first place where a file is not what the platform wrote.</summary>
/// <param name="problem">What is wrong, in words.</param>
/// <param name="line">The line of the file, from 1.</param>
/// <param name="shard">The shard, where there is one.</param>
/// <param name="position">The position in it.</param>
public sealed class ChainBreakException(string problem, long line, int? shard = null, long? position = null) : Exception(problem)
{
    public long Line { get; } = line;

    public int? Shard { get; } = shard;

    public long? Position { get; } = position;

    /// <summary>"shard 0, position 17 (line 19): …".</summary>
    public string Describe() => Shard is null ? $"line {Line}: {Message}" : $"shard {Shard}, position {Position} (line {Line}): {Message}";
}
