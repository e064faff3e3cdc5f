using System.Runtime.CompilerServices;
using System.Text;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A text with parts that are known only when the application starts, such as ports.</summary>
public sealed class ReferenceExpression : IValueProvider
{
    private readonly IReadOnlyList<object> _parts;

    private ReferenceExpression(IReadOnlyList<object> parts) => _parts = parts;

    /// <summary>Makes an expression from an interpolated string.</summary>
    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) => new(handler.Parts);

    /// <inheritdoc />
    public async ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        var text = new StringBuilder();
        foreach (var part in _parts)
        {
            text.Append(part is IValueProvider provider ? await provider.GetValueAsync(cancellationToken) : (string)part);
        }

        return text.ToString();
    }

    /// <summary>What the compiler calls for <c>$"…{part}…"</c>.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct ExpressionInterpolatedStringHandler
    {
        /// <param name="literalLength">Ignored.</param>
        /// <param name="formattedCount">Ignored.</param>
        public ExpressionInterpolatedStringHandler(int literalLength, int formattedCount) =>
            Parts = new List<object>((2 * formattedCount) + Math.Min(literalLength, 1));

        internal List<object> Parts { get; }

        /// <summary>Adds a part that is known now.</summary>
        public void AppendLiteral(string value) => Parts.Add(value);

        /// <summary>Adds a part that is known now.</summary>
        public void AppendFormatted(string? value) => Parts.Add(value ?? "");

        /// <summary>Adds a part that is known at start.</summary>
        public void AppendFormatted<T>(T value) where T : IValueProvider => Parts.Add(value);
    }
}
