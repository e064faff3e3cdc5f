namespace AgentPlatform;

/// <summary>How audit entries get into the outbox, and leave it.</summary>
internal static class OutboxSql
{
    public const string Insert = "INSERT INTO outbox (id, entry, created_at) VALUES ($1, $2, $3)";

    public const string InsertAll = "INSERT INTO outbox (id, entry, created_at) SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::timestamptz[])";

    public const string Oldest = "SELECT id, entry FROM outbox ORDER BY id LIMIT $1";

    public const string Delete = "DELETE FROM outbox WHERE id = ANY ($1)";
}
