using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace AgentPlatform.Tests;

/// <summary>Keeps every line that services log at Debug and above, with its scopes, its exception, and the values that it was made of.</summary>
public sealed class LogBook : ILoggerProvider, ISupportExternalScope
{
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    /// <summary>The lines so far.</summary>
    public ConcurrentQueue<string> Lines { get; } = new();

    /// <inheritdoc />
    public ILogger CreateLogger(string categoryName) => new Log(this, categoryName);

    /// <inheritdoc />
    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    /// <inheritdoc />
    public void Dispose() { }

    private sealed class Log(LogBook book, string category) : ILogger
    {
        IDisposable ILogger.BeginScope<TState>(TState state) => book._scopes.Push(state);

        bool ILogger.IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

        void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel < LogLevel.Debug)
                return;
            var parts = new List<string> { category, formatter(state, exception), $"{exception}" };
            Add(parts, state);
            book._scopes.ForEachScope(Add, parts);
            book.Lines.Enqueue(string.Join(" | ", parts));
        }

        private static void Add(object? state, List<string> parts) => Add(parts, state);

        private static void Add(List<string> parts, object? state) => parts.Add(state is IEnumerable<KeyValuePair<string, object?>> values
            ? string.Join(", ", values.Select(v => $"{v.Key}={v.Value}")) : $"{state}");
    }
}
