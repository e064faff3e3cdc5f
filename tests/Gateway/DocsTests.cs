using System.Text.Json.Nodes;

namespace AgentPlatform.Tests.Gateways;

/// <summary>The page to try the REST calls, in a browser.</summary>
public sealed class DocsTests(Platform platform) : IClassFixture<Platform>
{
    // As distributions and CI machines name it.
    private static readonly string[] Browsers = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    [Fact]
    public async Task A_person_executes_a_call_on_the_page_and_nothing_is_loaded_from_elsewhere()
    {
        var gateway = await platform.StartAsync("gateway");
        var report = await NodeClient.RunAsync("docs.mjs", new JsonObject
        {
            ["url"] = $"{gateway.HttpAddress}/docs/index.html",
            ["token"] = Tokens.Operator(),
            ["browser"] = Browser(),
            ["operation"] = "SessionService_CreateSession",
            ["path"] = new JsonObject(),
            ["screenshot"] = Environment.GetEnvironmentVariable("DOCS_SCREENSHOT"),
        }.ToJsonString());
        Assert.Equal((200, "AgentPlatform"), (report.GetProperty("status").GetInt32(), report.GetProperty("title").GetString()));
        var session = report.GetProperty("answer").GetProperty("session");
        Assert.Equal(("PENDING", "finance"), (session.GetProperty("status").GetString(), session.GetProperty("role").GetString()));
        Assert.Contains(session.GetProperty("id").GetString()!, report.GetProperty("shown").GetString());
        Assert.Contains("script-src 'self';", report.GetProperty("policy").GetString());
        Assert.Empty(report.GetProperty("elsewhere").EnumerateArray().Select(e => e.GetString()));
        Assert.Empty(report.GetProperty("errors").EnumerateArray().Select(e => e.GetString()));
    }

    [Fact]
    public async Task The_page_is_for_anybody_and_found_by_its_short_name()
    {
        var gateway = await platform.StartAsync("gateway");
        using var http = new HttpClient { BaseAddress = new Uri(gateway.HttpAddress) };
        using var page = await http.GetAsync("/docs");
        Assert.Equal((200, "text/html"), ((int)page.StatusCode, page.Content.Headers.ContentType?.MediaType));
        var html = await page.Content.ReadAsStringAsync();
        Assert.DoesNotContain("://", html.Replace("http://www.w3.org", "", StringComparison.Ordinal), StringComparison.Ordinal);
        using var missing = await http.GetAsync("/docs/nothing-there.js");
        Assert.Equal(404, (int)missing.StatusCode);
    }

    private static string Browser()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var found = Browsers.SelectMany(b => folders.Select(f => Path.Combine(f, b))).FirstOrDefault(File.Exists);
        NodeClient.Require(found is null ? $"There is no browser here: none of {string.Join(", ", Browsers)} is on the PATH." : null);
        return found!;
    }
}
