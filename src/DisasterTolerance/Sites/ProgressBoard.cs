using System.Collections.Concurrent;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sites;

/// <summary>What is being done now, for people. Thread-safe; counting is lock-free.</summary>
internal sealed class ProgressBoard
{
    private readonly ConcurrentDictionary<(Guid, Procedure), Entry> _entries = new();

    public Entry Begin(Guid machine, Procedure procedure, DateTimeOffset now)
    {
        var entry = new Entry(this, machine, procedure, now);
        _entries[(machine, procedure)] = entry;
        return entry;
    }

    public IReadOnlyList<RunProgress> List() => [.. _entries.Values.Select(e => e.Snapshot())];

    public RunProgress? Find(Guid machine) =>
        _entries.Values.Where(e => e.Machine == machine).OrderByDescending(e => e.Procedure).Select(e => e.Snapshot()).FirstOrDefault();

    /// <summary>One piece of work; disposing takes it off the board.</summary>
    internal sealed class Entry(ProgressBoard owner, Guid machine, Procedure procedure, DateTimeOffset started) : IDisposable
    {
        private long _done, _total, _wire;

        public Guid Machine => machine;

        public Procedure Procedure => procedure;

        public void AddDone(long bytes) => Interlocked.Add(ref _done, bytes);

        public void AddTotal(long bytes) => Interlocked.Add(ref _total, bytes);

        public void AddWire(long bytes) => Interlocked.Add(ref _wire, bytes);

        public RunProgress Snapshot() =>
            new(machine, procedure, started, Interlocked.Read(ref _done), Interlocked.Read(ref _total), Interlocked.Read(ref _wire));

        public void Dispose() => owner._entries.TryRemove(new KeyValuePair<(Guid, Procedure), Entry>((machine, procedure), this));
    }
}
