using System.Globalization;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform;

/// <summary>Rows of the vault's tables, for those who make something of them.</summary>
public static class TableRowExtensions
{
    /// <summary>A cell as text, whatever it holds; nothing for a column that is not there.</summary>
    public static string TextOf(this TableRow row, int column) => column < 0 ? "" : row.Cells[column] switch
    {
        { ValueCase: Cell.ValueOneofCase.Text } cell => cell.Text.Trim(),
        { ValueCase: Cell.ValueOneofCase.Integer } cell => cell.Integer.ToString(CultureInfo.InvariantCulture),
        { ValueCase: Cell.ValueOneofCase.Decimal } cell => cell.Decimal,
        { ValueCase: Cell.ValueOneofCase.Boolean } cell => cell.Boolean ? "true" : "false",
        { ValueCase: Cell.ValueOneofCase.Date } cell => cell.Date,
        { ValueCase: Cell.ValueOneofCase.DateTime } cell => cell.DateTime,
        { ValueCase: Cell.ValueOneofCase.Error } cell => cell.Error,
        _ => "",
    };
}
