using Npgsql;

namespace AgentPlatform;

/// <summary>All SQL of stored answers.</summary>
internal static class IdempotencySql
{
    /// <summary>
    /// Makes two calls with one key wait for each other. The lock ends with the transaction, so a killed process holds nobody up.
    /// </summary>
    public const string Claim = "SELECT pg_try_advisory_xact_lock($1)";

    /// <summary>A statement of its own, after the claim, so that its snapshot is younger than the lock.</summary>
    public const string Find = """
        SELECT fingerprint, answer FROM idempotency
         WHERE caller = $1 AND method = $2 AND key = $3 AND created_at > $4
        """;

    /// <summary>Reads what it found.</summary>
    public static (byte[] Fingerprint, byte[] Answer) Read(NpgsqlDataReader row) => (row.GetFieldValue<byte[]>(0), row.GetFieldValue<byte[]>(1));

    /// <summary>
    /// Stores an answer where none was stored before, which is nearly always; <see cref="IsTaken"/> tells when one was.
    /// </summary>
    public const string Insert = "INSERT INTO idempotency (caller, method, key, fingerprint, answer, created_at) VALUES ($1, $2, $3, $4, $5, $6)";

    /// <summary>Stores several, as <see cref="Insert"/> does one.</summary>
    public const string InsertAll = """
        INSERT INTO idempotency (caller, method, key, fingerprint, answer, created_at)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::timestamptz[])
        """;

    /// <summary>Which of several calls have an answer, live or not; by their numbers, from 1.</summary>
    public const string FindTaken = """
        SELECT asked.number FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS asked (caller, method, key, number)
         CROSS JOIN LATERAL (SELECT FROM idempotency i WHERE i.caller = asked.caller AND i.method = asked.method AND i.key = asked.key) AS taken
        """;

    /// <summary>
    /// Stores an answer over one that may have outlived its time, at a sixth more of Postgres' time. A row that has outlived its time but was not swept yet gives way. A live one must not: created_at
    /// becomes NULL then, which the table refuses, and the whole transaction fails with it, as <see cref="IsAnswered"/> tells.
    /// </summary>
    public const string InsertOverExpired = """
        INSERT INTO idempotency AS old (caller, method, key, fingerprint, answer, created_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT ON CONSTRAINT idempotency_pkey DO UPDATE
           SET fingerprint = excluded.fingerprint, answer = excluded.answer,
               created_at = CASE WHEN old.created_at <= $7 THEN excluded.created_at END
        """;

    /// <summary>Whether <see cref="Insert"/> failed because the key has an answer, live or not.</summary>
    public static bool IsTaken(PostgresException e) =>
        e is { SqlState: PostgresErrorCodes.UniqueViolation, TableName: "idempotency", ConstraintName: "idempotency_pkey" };

    /// <summary>Whether <see cref="InsertOverExpired"/> failed because the key has a live answer.</summary>
    public static bool IsAnswered(PostgresException e) =>
        e is { SqlState: PostgresErrorCodes.NotNullViolation, TableName: "idempotency", ColumnName: "created_at" };
}
