using AgentPlatform.Cli.Agents;
using Google.Protobuf;
using Spectre.Console.Rendering;

namespace AgentPlatform.Cli;

/// <summary>Lists that come page by page.</summary>
public static class Listing
{
    private const int LargestPage = 500;

    /// <summary>Fetches so many rows at most, and writes them as a table, or each as a line of JSON.</summary>
    /// <param name="limit">How many rows at most.</param>
    /// <param name="json">As lines of JSON.</param>
    /// <param name="nothing">What to say when there are none.</param>
    /// <param name="fetch">Fetches the page of so many rows that follows a token, and the next token.</param>
    /// <param name="table">Draws the rows.</param>
    public static async Task<int> WriteAsync<T>(
        int limit, bool json, string nothing, Func<int, string, Task<(IEnumerable<T> Rows, string NextToken)>> fetch, Func<IReadOnlyList<T>, IRenderable> table) where T : IMessage
    {
        var (rows, token) = (new List<T>(), "");
        do
        {
            (var some, token) = await fetch(Math.Min(LargestPage, limit - rows.Count), token);
            rows.AddRange(some);
        } while (token.Length > 0 && rows.Count < limit);

        if (json)
            rows.ForEach(r => Console.Out.WriteLine(AgentText.Json(r)));
        else if (rows.Count == 0)
            Console.Error.WriteLine(nothing);
        else
            Terminal.Out.Write(table(rows));
        if (token.Length > 0)
            Console.Error.WriteLine("There are more; a greater --limit shows them.");
        return ExitCode.Ok;
    }

    /// <summary>Writes one thing as a picture, or as a line of JSON.</summary>
    public static int Write(IMessage message, bool json, Func<IRenderable> picture)
    {
        if (json)
            Console.Out.WriteLine(AgentText.Json(message));
        else
            Terminal.Out.Write(picture());
        return ExitCode.Ok;
    }
}
