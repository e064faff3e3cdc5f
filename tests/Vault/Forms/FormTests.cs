using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Vault.V1.FormService.FormServiceClient;

namespace AgentPlatform.Tests.Vaults;

public sealed class FormTests : IClassFixture<Platform>
{
    // Programs that do what the file tells them to.
    private const string Text = """
        #!/bin/sh
        file=$(cat)
        case "$file" in
        *HANG*) sleep 98765.4321 & wait ;;
        *FAIL*) exit 3 ;;
        *LOUD*) yes loud ;;
        *EMPTY*) ;;
        *) echo "$file" | tail -n +2; env | grep -c ConnectionStrings || : ;;
        esac
        """;
    private const string Info = """
        #!/bin/sh
        cat > /dev/null
        printf 'Title:          Rental   form\nPages:          3\nPages:          99\n'
        """;

    private readonly Platform _platform;

    public FormTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["vault"] = new()
        {
            ["Vault:PdfToText"] = Program("text.sh", Text),
            ["Vault:PdfInfo"] = Program("info.sh", Info),
            ["Vault:FormTimeLimit"] = "00:00:05",
        };
    }

    [Fact]
    public async Task Forms_are_indexed_and_found_by_their_words()
    {
        Write("forms/rental.pdf", "Deposit is forfeited");
        Write("forms/tent.pdf", "A marquee");
        var olga = await As(Tokens.Operator());

        var forms = (await olga.IndexFormsAsync(Request("forms/rental.pdf", "forms/tent.pdf"))).Forms;

        // The last line counts what of the service's own environment the program got: nothing.
        Assert.Equal([("Rental   form", 3, FormTextState.Extracted, "Deposit is forfeited\n0"), ("Rental   form", 3, FormTextState.Extracted, "A marquee\n0")],
            forms.Select(f => (f.Title, f.Pages, f.TextState, f.Text)));
        Assert.Equal([forms[0]], (await olga.ListFormsAsync(new ListFormsRequest { PathPrefix = "forms/", Query = "DEPOSIT form" })).Forms);
        Assert.Equal([forms[1]], (await olga.ListFormsAsync(new ListFormsRequest { PathPrefix = "forms/", Query = "form -deposit" })).Forms);
        Assert.Empty((await olga.ListFormsAsync(new ListFormsRequest { Query = "nothing of it" })).Forms);

        var first = await olga.ListFormsAsync(new ListFormsRequest { PathPrefix = "forms/", PageSize = 1 });
        var second = await olga.ListFormsAsync(new ListFormsRequest { PathPrefix = "forms/", PageSize = 1, PageToken = first.NextPageToken });
        Assert.Equal(["forms/rental.pdf", "forms/tent.pdf"], first.Forms.Concat(second.Forms).Select(f => f.Path));
        Assert.Equal((1, ""), (first.Forms.Count, second.NextPageToken));

        Write("forms/rental.pdf", "Another text");
        var again = (await olga.IndexFormsAsync(Request("forms/rental.pdf"))).Forms.Single();
        Assert.NotEqual(forms[0].Sha256, again.Sha256);
        Assert.Empty((await olga.ListFormsAsync(new ListFormsRequest { Query = "deposit" })).Forms);
    }

    [Theory]
    [InlineData("FAIL", FormTextState.Unreadable)]
    [InlineData("EMPTY", FormTextState.NoText)]
    [InlineData("HANG", FormTextState.GivenUp)]
    public async Task Why_there_is_no_text_is_said(string content, FormTextState state)
    {
        Write($"{content}.pdf", content);
        var form = (await (await As(Tokens.Operator())).IndexFormsAsync(Request($"{content}.pdf"))).Forms.Single();
        Assert.Equal((state, "", 3), (form.TextState, form.Text, form.Pages));
        // What hangs is ended with its children.
        await Eventually.TrueAsync(() => Task.FromResult(!Directory.EnumerateDirectories("/proc").Any(IsChild)), "the end of the program's children");
    }

    [Fact]
    public async Task A_program_that_never_stops_talking_is_cut_off()
    {
        Write("loud.pdf", "LOUD");
        var form = (await (await As(Tokens.Operator())).IndexFormsAsync(Request("loud.pdf"))).Forms.Single();
        Assert.Equal((FormTextState.Extracted, 20_000), (form.TextState, form.Text.Length));
        // The last of 100,000 characters ends a line, and is left out.
        Assert.Equal([99_999], await _platform.SqlAsync<int>("SELECT length(content) FROM vault.forms WHERE path = 'loud.pdf'"));
    }

    [Fact]
    public async Task Forms_are_shown_only_to_those_who_may_read_them()
    {
        Write("kept/secret.pdf", "Salaries");
        var olga = await As(Tokens.Operator());
        await olga.IndexFormsAsync(Request("kept/secret.pdf"));
        var agent = await As(Tokens.Agent("formreader"));

        Assert.Empty((await agent.ListFormsAsync(new ListFormsRequest { Query = "salaries" })).Forms);
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "PATH_NOT_ALLOWED", async () => await agent.IndexFormsAsync(Request("kept/secret.pdf")));
        await _platform.AllowAsync("formreader", "kept/**");
        Assert.Single((await agent.ListFormsAsync(new ListFormsRequest { Query = "salaries" })).Forms);

        var superuser = await _platform.ClientAsync<VaultAccessService.VaultAccessServiceClient>(Tokens.Superuser());
        await superuser.SetLabelAsync(new SetLabelRequest { Name = "confidential", Pattern = "kept/**", ApproverRole = Contracts.Access.V1.Role.Superuser, Reason = "It is" });
        Assert.Empty((await agent.ListFormsAsync(new ListFormsRequest { Query = "salaries" })).Forms);
        Assert.Empty((await olga.ListFormsAsync(new ListFormsRequest { Query = "salaries" })).Forms);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "APPROVAL_REQUIRED", async () => await olga.IndexFormsAsync(Request("kept/secret.pdf")));
    }

    [Fact]
    public async Task A_request_that_makes_no_sense_is_refused()
    {
        var olga = await As(Tokens.Operator());
        await Refusal.ExpectFieldsAsync(async () => await olga.IndexFormsAsync(new IndexFormsRequest()), "paths");
        await Refusal.ExpectFieldsAsync(async () => await olga.IndexFormsAsync(Request([.. Enumerable.Range(0, 11).Select(i => $"{i}.pdf")])), "paths");
        await Refusal.ExpectFieldsAsync(async () => await olga.IndexFormsAsync(Request("a.pdf", "a.pdf")), "paths");
        await Refusal.ExpectFieldsAsync(async () => await olga.IndexFormsAsync(Request("../a.pdf")), "path");
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NOT_A_FORM", async () => await olga.IndexFormsAsync(Request("a.csv")));
        await Refusal.ExpectAsync(StatusCode.NotFound, "FILE_NOT_FOUND", async () => await olga.IndexFormsAsync(Request("nowhere.pdf")));
        await Refusal.ExpectFieldsAsync(async () => await olga.ListFormsAsync(new ListFormsRequest { Query = new string('x', 201), PathPrefix = "\0" }), "query", "path_prefix");
        Assert.Empty((await olga.ListFormsAsync(new ListFormsRequest { Query = "\"'&|!:*\\ <->" })).Forms);
    }

    /// <summary>A request to index a form of a platform's vault, which is written for it.</summary>
    public static IndexFormsRequest Indexed(Platform platform, string path)
    {
        File.WriteAllText(Path.Combine(platform.VaultRoot, path), "%PDF-1.4\n");
        return Request(path);
    }

    private static IndexFormsRequest Request(params string[] paths) => new() { Paths = { paths } };

    private void Write(string path, string text)
    {
        var file = Path.Combine(_platform.VaultRoot, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, $"%PDF-1.4\n{text}\n");
    }

    private string Program(string name, string script)
    {
        var file = Path.Combine(_platform.AuditFolder, name);
        File.WriteAllText(file, script);
        VaultFolder.Run("chmod", "755", file);
        return file;
    }

    private static bool IsChild(string process)
    {
        try { return File.ReadAllText(Path.Combine(process, "cmdline")).Contains("98765.4321", StringComparison.Ordinal); }
        // No process, or one that has just ended.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return false; }
    }

    private Task<Client> As(string token) => _platform.ClientAsync<Client>(token);
}
