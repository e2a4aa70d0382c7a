using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Api;

/// <summary>Keeps what is logged, by level. Thread-safe.</summary>
internal sealed class LevelLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(LevelEntry Entry, bool IsError)> _entries = new();

    public IReadOnlyList<LevelEntry> Errors => [.. _entries.Where(entry => entry.IsError).Select(entry => entry.Entry)];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _entries.Enqueue((new LevelEntry(logLevel, formatter(state, exception), exception), logLevel >= LogLevel.Error));

    public void Dispose()
    {
    }
}

internal sealed record LevelEntry(LogLevel Level, string Message, Exception? Exception);
