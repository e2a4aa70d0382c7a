using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>Keeps the last log lines of a world, so that a failing test can tell what happened. Thread-safe.</summary>
internal sealed class LogTail(TimeProvider clock, LogLevel least = LogLevel.Information)
{
    private const int Longest = 400;

    private readonly Queue<string> _lines = new();

    public void Note(string site, string line)
    {
        lock (_lines)
        {
            _lines.Enqueue($"{clock.GetUtcNow():MM-dd HH:mm:ss.fff} {site,-5} {line}");
            if (_lines.Count > Longest)
            {
                _lines.Dequeue();
            }
        }
    }

    public string Tell()
    {
        lock (_lines)
        {
            return string.Join(Environment.NewLine, _lines);
        }
    }

    public ILoggerFactory Of(string site) => new SiteLogs(this, site);

    private sealed class SiteLogs(LogTail tail, string site) : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) => new SiteLog(tail, site, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class SiteLog(LogTail tail, string site, string part) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= tail._least;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                tail.Note(site, $"{part}: {formatter(state, exception)}{(exception is null ? "" : $" <- {exception.GetType().Name}: {exception.Message}")}");
            }
        }
    }

    private readonly LogLevel _least = least;
}
