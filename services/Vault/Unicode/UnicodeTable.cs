using System.Globalization;
using System.Text;

namespace AgentPlatform.Vault.Unicode;

/// <summary>What forms.txt says of characters.</summary>
internal sealed class UnicodeTable
{
    private const string File = "forms.txt";
    private const char Comment = '#';
    private const char CompatibleMark = '~';

    private readonly Dictionary<Rune, Rune[]> _canonical = [];
    private readonly Dictionary<Rune, Rune[]> _compatible = [];
    private readonly Dictionary<Rune, byte> _classes = [];

    private UnicodeTable()
    {
    }

    public static UnicodeTable Load()
    {
        using var lines = new StreamReader(typeof(UnicodeTable).Assembly.GetManifestResourceStream(File)!);
        var table = new UnicodeTable();
        while (lines.ReadLine() is { } line)
        {
            if (!line.StartsWith(Comment))
                table.Add(line.Split(';'));
        }
        return table;
    }

    /// <summary>The character's canonical decomposition in full; itself if it has none.</summary>
    public Rune[] Canonical(Rune rune) => _canonical.TryGetValue(rune, out var into) ? into : [rune];

    /// <summary>The compatibility decomposition in full of a character that has no canonical one; itself if it has none.</summary>
    public Rune[] Compatible(Rune rune) => _compatible.TryGetValue(rune, out var into) ? into : [rune];

    /// <summary>The canonical combining class; 0 for what combines with nothing, or in the order as it is written alone.</summary>
    public byte ClassOf(Rune rune) => _classes.GetValueOrDefault(rune);

    private void Add(string[] fields)
    {
        var rune = Read(fields[0]);
        if (fields[1].Length > 0)
            _classes[rune] = byte.Parse(fields[1], CultureInfo.InvariantCulture);
        if (fields[2].Length > 0)
            (fields[2][0] == CompatibleMark ? _compatible : _canonical)[rune] = [.. fields[2].TrimStart(CompatibleMark).Split(' ').Select(Read)];
    }

    private static Rune Read(string hex) => new(int.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
}
