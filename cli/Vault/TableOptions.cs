using System.CommandLine;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Cli.Vault;

/// <summary>The options that say where in a file of the vault a table is, and how it is written.</summary>
public sealed class TableOptions
{
    private readonly Option<string> _sheet = new("--sheet") { HelpName = "NAME", Description = "The sheet of a workbook, or the elements of an .xml that are rows. Unless given: the first one" };
    private readonly Option<long> _headerRow = new("--header-row") { HelpName = "N", Description = "The row with the columns' names. Unless given, it is recognised" };
    private readonly Option<NumberFormat> _numberFormat = EnumOption.Create<NumberFormat>("--number-format", "How numbers in texts are written, where the file does not show it");
    private readonly Option<DateOrder> _dateOrder = EnumOption.Create<DateOrder>("--date-order", "What comes first in days, where the file does not show it");
    private readonly Option<string> _approval = new("--approval") { HelpName = "ID", Description = "For a file with a label: the approval to use up" };

    public Command AddTo(Command command)
    {
        foreach (var option in new Option[] { _sheet, _headerRow, _numberFormat, _dateOrder, _approval })
            command.Add(option);
        return command;
    }

    public string Sheet(ParseResult parsed) => parsed.GetValue(_sheet) ?? "";

    public long HeaderRow(ParseResult parsed) => parsed.GetValue(_headerRow);

    public NumberFormat NumberFormat(ParseResult parsed) => parsed.GetValue(_numberFormat);

    public DateOrder DateOrder(ParseResult parsed) => parsed.GetValue(_dateOrder);

    public string ApprovalId(ParseResult parsed) => parsed.GetValue(_approval) ?? "";
}
