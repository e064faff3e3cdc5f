using System.CommandLine;
using System.Globalization;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Vault.V1;
using Spectre.Console.Rendering;

namespace AgentPlatform.Cli.Vault;

/// <summary><c>agentctl vault forms</c>: .pdf files by what is written in them.</summary>
public static class VaultFormsCommand
{
    private const int PagesAtMost = 50;

    public static Command Create() => new("forms", "Indexes forms (.pdf), and finds them by their words.") { CreateIndex(), CreateList() };

    private static Command CreateIndex()
    {
        var paths = new Argument<string[]>("PATH") { Arity = ArgumentArity.OneOrMore, Description = "Forms in the vault" };
        var json = JsonOption.Create();
        return new Command("index", "Reads pages, title and text of forms.") { paths, json }.Calls(async (caller, parsed) =>
        {
            var request = new IndexFormsRequest { Paths = { parsed.GetValue(paths)! } };
            var forms = (await caller.Forms.IndexFormsAsync(request, CallKey.New())).Forms;
            return await Listing.WriteAsync(forms.Count, parsed.GetValue(json), "", (_, _) => Task.FromResult(((IEnumerable<Form>)forms, "")), Table);
        });
    }

    private static Command CreateList()
    {
        var query = new Option<string>("--query") { HelpName = "WORDS", Description = "Only forms with all of these words: deposit -tent \"damage and loss\"" };
        var prefix = new Option<string>("--prefix") { HelpName = "PATH", Description = "Only paths that start with this" };
        var (limit, json) = (LimitOption.Create(), JsonOption.Create("Whole, with their texts, each as a line of JSON"));
        return new Command("list", "Lists indexed forms by path.") { query, prefix, limit, json }.Calls((caller, parsed) =>
            Listing.WriteAsync<Form>(parsed.GetValue(limit), parsed.GetValue(json), "There are no such forms.", async (size, token) =>
            {
                var request = new ListFormsRequest
                {
                    PageSize = Math.Min(size, PagesAtMost),
                    PageToken = token,
                    Query = parsed.GetValue(query) ?? "",
                    PathPrefix = parsed.GetValue(prefix) ?? "",
                };
                var page = await caller.Forms.ListFormsAsync(request);
                return (page.Forms, page.NextPageToken);
            }, Table));
    }

    private static IRenderable Table(IReadOnlyList<Form> forms) => Terminal.NewTable(["path", "pages", "text", "indexed (UTC)", "title"],
        forms.Select(f => new[] { f.Path, f.Pages.ToString(CultureInfo.InvariantCulture), RpcText.Of(f.TextState).ToLowerInvariant(), AgentText.Time(f.IndexTime), f.Title }));
}
