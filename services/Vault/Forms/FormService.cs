using System.Security.Cryptography;
using AgentPlatform.Contracts.Vault.V1;
using AgentPlatform.Vault.Tables;
using Grpc.Core;

namespace AgentPlatform.Vault.Forms;

/// <summary>The RPCs of forms. See form.proto for what each promises.</summary>
public sealed class FormService(Database database, GuardedFiles files, TableGate gate, FormStore store, VaultAccessStore access, VaultSettings settings, TimeProvider clock)
    : Contracts.Vault.V1.FormService.FormServiceBase
{
    private readonly FormReader _reader = new(settings, clock);

    public override async Task<IndexFormsResponse> IndexForms(IndexFormsRequest request, ServerCallContext context)
    {
        FormRules.Check(request);
        var forms = new List<FormRecord>();
        using (gate.Enter(context))
        {
            foreach (var path in request.Paths)
                await files.ReadAsync(path, "", context, async file => forms.Add(await ReadAsync(file, context.CancellationToken)));
        }

        await using var work = await database.BeginAsync(context);
        // In one order, so that two calls with the same forms do not wait for each other.
        foreach (var form in forms.OrderBy(f => f.Path, StringComparer.Ordinal))
        {
            store.Write(work, form);
            work.Audit("vault.form.index", VaultRules.ResourceOf(form.Path), [("sha256", form.Sha256), ("text_state", EnumText.Of(form.TextState))]);
        }
        return await work.CommitAsync(new IndexFormsResponse { Forms = { forms.Select(f => f.ToProto()) } });
    }

    // Rules are not in the database's reach, so a page is looked through after it is read; what follows it, the last path that was looked at says.
    public override async Task<ListFormsResponse> ListForms(ListFormsRequest request, ServerCallContext context)
    {
        FormRules.Check(request);
        var page = PageRequest.Read("forms", Math.Min(request.PageSize, FormRules.PageMaximum), request.PageToken, request.PathPrefix, request.Query);
        var rights = await access.OfCallerAsync(context);
        var (rows, next) = page.Cut(await store.ListAsync(page.After, page.Fetch, request, context), f => f.Path);
        return new ListFormsResponse { Forms = { rows.Where(f => FormRules.IsFor(rights, f)).Select(f => f.ToProto()) }, NextPageToken = next };
    }

    private async Task<FormRecord> ReadAsync(VaultHandle file, CancellationToken cancellation)
    {
        var bytes = new byte[file.SizeBytes];
        file.AsStream().ReadExactly(bytes);
        var (pages, title, state, text) = await _reader.ReadAsync(bytes, cancellation);
        return new FormRecord(file.Path, Convert.ToHexStringLower(SHA256.HashData(bytes)), file.SizeBytes, ToMicroseconds(file.ToProto().ModifyTime.ToDateTimeOffset()), pages, title, state, text, database.Now);
    }

    // As Postgres keeps it, so that what is answered is what will be listed.
    private static DateTimeOffset ToMicroseconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}
