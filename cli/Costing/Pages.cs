namespace AgentPlatform.Cli.Costings;

/// <summary>Reads a list page by page, up to a limit.</summary>
public static class Pages
{
    private const int LargestPage = 500;

    /// <summary>The rows; says so when there are more.</summary>
    /// <param name="limit">How many at most.</param>
    /// <param name="read">Reads a page of this size that follows this token; gives back its rows and the next token.</param>
    public static async Task<List<T>> ReadAsync<T>(int limit, Func<int, string, Task<(IEnumerable<T> Rows, string Next)>> read)
    {
        var (rows, token) = (new List<T>(), "");
        do
        {
            var page = await read(Math.Min(LargestPage, limit - rows.Count), token);
            rows.AddRange(page.Rows);
            token = page.Next;
        } while (token.Length > 0 && rows.Count < limit);
        if (token.Length > 0)
            Console.Error.WriteLine("There are more; a larger --limit shows them.");
        return rows;
    }
}
