namespace AgentPlatform;

/// <summary>How audit entries get into the outbox. How they leave it is the relay's.</summary>
internal static class OutboxSql
{
    public const string Insert = "INSERT INTO outbox (id, entry, created_at) VALUES ($1, $2, $3)";

    public const string InsertAll = "INSERT INTO outbox (id, entry, created_at) SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::timestamptz[])";
}
