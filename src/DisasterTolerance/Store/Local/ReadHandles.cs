using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Store.Local;

/// <summary>Keeps some files open for reading, so that a record costs one call and not three. Thread-safe.</summary>
internal sealed class ReadHandles : IDisposable
{
    // Enough for the packs that a restore or a shipment walks through at a time.
    private const int MaxHandles = 64;

    private readonly Lock _gate = new();
    private readonly LinkedList<Entry> _entries = [];
    private int _forgotten;

    /// <summary>A handle on the first of two files that exists.</summary>
    /// <exception cref="FileNotFoundException">Neither does.</exception>
    public Lease Take(string first, string second)
    {
        int forgotten;
        lock (_gate)
        {
            forgotten = _forgotten;
            for (var node = _entries.First; node is not null; node = node.Next)
            {
                if (node.Value.Path == first || node.Value.Path == second)
                {
                    _entries.Remove(node);
                    _entries.AddFirst(node);
                    node.Value.Users++;
                    return new Lease(this, node.Value);
                }
            }
        }

        var entry = Open(first, second);
        lock (_gate)
        {
            entry.Users = 1;
            if (_forgotten != forgotten)
            {
                // Deleted or renamed since it was opened: good for this one read only.
                entry.IsRetired = true;
                return new Lease(this, entry);
            }

            _entries.AddFirst(entry);
            while (_entries.Count > MaxHandles)
            {
                var last = _entries.Last!.Value;
                _entries.RemoveLast();
                RetireLocked(last);
            }
        }

        return new Lease(this, entry);
    }

    public void Forget(string path)
    {
        lock (_gate)
        {
            _forgotten++;
            for (var node = _entries.First; node is not null;)
            {
                var next = node.Next;
                if (node.Value.Path == path)
                {
                    _entries.Remove(node);
                    RetireLocked(node.Value);
                }

                node = next;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var entry in _entries)
            {
                RetireLocked(entry);
            }

            _entries.Clear();
        }
    }

    private static Entry Open(string first, string second)
    {
        // A blob that is sealed in this moment is found under its other name on the next round.
        for (var round = 0; ; round++)
        {
            foreach (var path in (ReadOnlySpan<string>)[first, second])
            {
                if (File.Exists(path))
                {
                    try
                    {
                        return new Entry(path, File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
                    }
                    catch (FileNotFoundException) when (round < 2)
                    {
                        continue;
                    }
                }
            }

            if (round >= 2)
            {
                throw new FileNotFoundException("There is no such file.", first);
            }
        }
    }

    private static void RetireLocked(Entry entry)
    {
        entry.IsRetired = true;
        if (entry.Users == 0)
        {
            entry.Handle.Dispose();
        }
    }

    private void Return(Entry entry)
    {
        lock (_gate)
        {
            if (--entry.Users == 0 && entry.IsRetired)
            {
                entry.Handle.Dispose();
            }
        }
    }

    internal sealed class Entry(string path, SafeFileHandle handle)
    {
        public string Path { get; } = path;

        public SafeFileHandle Handle { get; } = handle;

        public int Users { get; set; }

        public bool IsRetired { get; set; }
    }

    /// <summary>A handle in use. Dispose it once.</summary>
    internal readonly struct Lease(ReadHandles owner, Entry entry) : IDisposable
    {
        public SafeFileHandle Handle => entry.Handle;

        public void Dispose() => owner.Return(entry);
    }
}
