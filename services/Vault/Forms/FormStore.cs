using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Vault.Forms;

/// <summary>All SQL of forms.</summary>
public sealed class FormStore(Database database)
{
    private const string Put = """
        INSERT INTO vault.forms (path, sha256, size_bytes, modified_at, pages, title, text_state, content, indexed_at, indexed_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT ON CONSTRAINT forms_pkey DO UPDATE
           SET sha256 = excluded.sha256, size_bytes = excluded.size_bytes, modified_at = excluded.modified_at, pages = excluded.pages, title = excluded.title,
               text_state = excluded.text_state, content = excluded.content, indexed_at = excluded.indexed_at, indexed_by = excluded.indexed_by
        """;

    // Keyset paging by path.
    private const string Page = """
        SELECT path, sha256, size_bytes, modified_at, pages, title, text_state, content, indexed_at
          FROM vault.forms
         WHERE ($1::text IS NULL OR path > $1) AND starts_with(path, $2) AND ($3 = '' OR words @@ websearch_to_tsquery('simple'::regconfig, $3))
         ORDER BY path
         LIMIT $4
        """;

    public void Write(UnitOfWork work, FormRecord form) => work.Execute(Put, form.Path, form.Sha256, form.SizeBytes, form.ModifiedAt, form.Pages, form.Title,
        EnumText.Of(form.TextState), form.Content, form.IndexedAt, work.Caller.Subject);

    public Task<List<FormRecord>> ListAsync(string? after, int count, ListFormsRequest request, ServerCallContext context) =>
        database.QueryAsync(context, Page, Read, after, request.PathPrefix, request.Query, count);

    private static FormRecord Read(NpgsqlDataReader row) => new(row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetFieldValue<DateTimeOffset>(3), row.GetInt32(4),
        row.GetString(5), EnumText.Parse<FormTextState>(row.GetString(6)), row.GetString(7), row.GetFieldValue<DateTimeOffset>(8));
}
