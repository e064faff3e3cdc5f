using System.Globalization;
using AgentPlatform.Cli;
using Spectre.Console;

namespace AgentPlatform.Bench;

/// <summary>What a figure shall be, at least or, where less is better, at most.</summary>
public sealed record Goal(string What, double Measured, double Bound, bool IsCeiling = false)
{
    public bool IsMet => IsCeiling ? Measured <= Bound : Measured >= Bound;

    /// <summary>Shows goals, each with what was measured and whether it is met; not those that were not measured.</summary>
    public static void Show(IEnumerable<Goal> goals)
    {
        var table = Terminal.NewTable("goal", "", "measured", "");
        foreach (var goal in goals.Where(g => double.IsFinite(g.Measured)))
            table.AddRow(Markup.Escape(goal.What), $"{(goal.IsCeiling ? "at most" : "at least")} {Text(goal.Bound)}", Text(goal.Measured), goal.IsMet ? "pass" : "FAIL");
        if (table.Rows.Count > 0)
            Terminal.Out.Write(table);
    }

    private static string Text(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);
}
