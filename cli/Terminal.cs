using Spectre.Console;

namespace AgentPlatform.Cli;

/// <summary>Where commands write: with colours on a terminal; elsewhere plain and never cut or wrapped.</summary>
public static class Terminal
{
    // No terminal, no edge: a file takes lines of any length, and a wrapped cell could not be searched for.
    private const int ColumnsWithoutTerminal = 1_000;

    public static IAnsiConsole Out { get; } = Create();

    /// <summary>A table without lines between columns, which also reads well as text.</summary>
    public static Table NewTable(params string[] headings)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var heading in headings)
            table.AddColumn(heading);
        return table;
    }

    /// <summary>A table of others' texts; the last column alone may wrap.</summary>
    public static Table NewTable(string[] headings, IEnumerable<string[]> rows)
    {
        var table = NewTable(headings);
        foreach (var column in table.Columns.SkipLast(1))
            column.NoWrap();
        foreach (var cells in rows)
            table.AddRow(cells.Select(cell => new Text(PlainText.Of(cell))));
        return table;
    }

    /// <summary>Others' texts by name, below each other; what is empty is left out.</summary>
    public static Grid NewList(params (string Name, string Value)[] facts)
    {
        var list = NewList();
        foreach (var (name, value) in facts.Where(f => f.Value.Length > 0))
            list.AddRow(new Text(name), new Text(PlainText.Of(value)));
        return list;
    }

    /// <summary>Names and values below each other.</summary>
    public static Grid NewList()
    {
        var grid = new Grid();
        grid.AddColumn(new GridColumn().NoWrap().PadLeft(2).PadRight(3));
        grid.AddColumn(new GridColumn().PadLeft(0).PadRight(0));
        return grid;
    }

    private static IAnsiConsole Create()
    {
        if (!Console.IsOutputRedirected)
            return AnsiConsole.Create(new AnsiConsoleSettings());
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        console.Profile.Width = ColumnsWithoutTerminal;
        return console;
    }
}
