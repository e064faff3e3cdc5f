using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Vault.Forms;

/// <summary>What requests for forms may say, and the refusals. No I/O.</summary>
internal static class FormRules
{
    public const int PathsMaximum = 10;
    public const int TitleMaximumCharacters = 500;

    /// <summary>Some forty pages of prose; Postgres indexes as much without coming near to what one entry may have.</summary>
    public const int TextMaximumCharacters = 100_000;

    /// <summary>Of a text in an answer: a page of 50 forms fits into the 4 MiB that clients take.</summary>
    public const int ShownCharacters = 20_000;

    public const int PageMaximum = 50;
    private const int QueryMaximumCharacters = 200;

    public static void Check(IndexFormsRequest request)
    {
        var checks = new FieldChecks().Require(request.Paths.Count is >= 1 and <= PathsMaximum, "paths", $"are {request.Paths.Count:N0}; 1–{PathsMaximum} are allowed")
            .Require(request.Paths.Distinct(StringComparer.Ordinal).Count() == request.Paths.Count, "paths", "has one of them twice");
        foreach (var (path, at) in request.Paths.Take(PathsMaximum).Select((p, i) => (p, i)))
            checks.Text($"paths[{at}]", path, VaultRules.PathMaximumCharacters, minimum: 1);
        checks.ThrowIfAny();
        if (request.Paths.FirstOrDefault(p => VaultRules.KindOf(p) is not FileKind.Pdf) is { } other)
            throw Errors.FailedPrecondition("NOT_A_FORM", $"{other} is no .pdf.");
    }

    public static void Check(ListFormsRequest request) => new FieldChecks()
        .Text("path_prefix", request.PathPrefix, VaultRules.PathMaximumCharacters)
        .Text("query", request.Query, QueryMaximumCharacters)
        .ThrowIfAny();

    /// <summary>Whether the caller may learn what is in a form without asking anybody.</summary>
    public static bool IsFor(CallerAccess rights, FormRecord form) => rights.May(FileAction.Read, form.Path) && rights.LabelFor(form.Path) is null;
}
