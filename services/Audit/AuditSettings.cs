namespace AgentPlatform.Audit;

/// <summary>Section <c>Audit</c>.</summary>
public sealed class AuditSettings
{
    private const string Section = "Audit";
    private const int MostShards = 8;

    /// <summary>
    /// PEM file with the ECDSA P-256 key that signs checkpoints. In development it is made when missing. Its public half lies beside it,
    /// as <c>….pub.pem</c>.
    /// </summary>
    public string SigningKey { get; init; } = "";

    /// <summary>PEM files with the public keys of earlier signing keys, with semicolons between them.</summary>
    public string EarlierKeys { get; init; } = "";

    /// <summary>File that every checkpoint is appended to; unless set, <c>checkpoints.ndjson</c> beside the signing key.</summary>
    public string AnchorFile { get; init; } = "";

    /// <summary>Address that every checkpoint is posted to; none when empty.</summary>
    public string AnchorWebhook { get; init; } = "";

    /// <summary>
    /// How many chains this instance adds to at once. One waits for its disk and for one process of Postgres; four wrote 1.3 to 1.7 times as much.
    /// On two cores two write as much as four, and the slowest calls are a tenth faster.
    /// </summary>
    public int Shards { get; init; } = Math.Clamp(Environment.ProcessorCount, 2, 4);

    /// <summary>A checkpoint is made at the latest after so many entries, …</summary>
    public int CheckpointEntries { get; init; } = 10_000;

    /// <summary>… and at the latest so long after an entry.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a shard stays with an instance that died, before another may take it.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many entries may wait to be written; the next are told to come back.</summary>
    public int QueueEntries { get; init; } = 20_000;

    /// <summary>Reads the section; settings that cannot work stop the service from starting.</summary>
    public static AuditSettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection(Section).Get<AuditSettings>() ?? new AuditSettings();
        if (settings.SigningKey.Length == 0)
            throw new InvalidOperationException("Set Audit:SigningKey to the PEM file of the key that signs checkpoints.");
        if (settings.Shards is < 1 or > MostShards)
            throw new InvalidOperationException($"Audit:Shards must be 1 to {MostShards}.");
        if (settings.CheckpointEntries < 1 || settings.CheckpointEvery <= TimeSpan.Zero || settings.Lease < TimeSpan.FromSeconds(1))
            throw new InvalidOperationException("Audit:CheckpointEntries and Audit:CheckpointEvery must be positive, and Audit:Lease a second at least.");
        if (settings.QueueEntries < AuditRules.BatchMaximumEntries)
            throw new InvalidOperationException($"Audit:QueueEntries must be {AuditRules.BatchMaximumEntries:N0} at least, which one call may bring.");
        return settings;
    }
}
