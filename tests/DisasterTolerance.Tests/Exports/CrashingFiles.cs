using DisasterTolerance.Exports;

namespace DisasterTolerance.Tests.Exports;

/// <summary>
/// An overlay's directory in memory that ends at a chosen step and tells what is left: after the process was killed, everything that was done; after the power was cut, what was synced, and of the
/// rest any part, also parts of single writes.
/// </summary>
internal sealed class CrashingFiles : IOverlayFiles
{
    private const int Sector = 512;

    private readonly Dictionary<string, MemoryFile> _files;
    private readonly Dictionary<string, MemoryFile> _durable;
    private readonly Lock _gate = new();
    private int _stepsLeft;

    private CrashingFiles(Dictionary<string, MemoryFile> files, Guid boot, int steps)
    {
        (_files, _durable, Boot, _stepsLeft) = (files, new(files), boot, steps);
        foreach (var file in files.Values)
        {
            file.Owner = this;
        }
    }

    public Guid Boot { get; }

    /// <summary>Steps done.</summary>
    public int Steps { get; private set; }

    /// <summary>Fails the syncs instead of crashing, once set.</summary>
    public bool SyncFails { get; set; }

    /// <summary>Fails writes for want of space, once set.</summary>
    public bool IsFull { get; set; }

    public static CrashingFiles Empty(int steps = int.MaxValue) => new([], Guid.NewGuid(), steps);

    /// <summary>What the next process finds after this one was killed.</summary>
    public CrashingFiles AfterKill(int steps = int.MaxValue) => new(_files.ToDictionary(file => file.Key, file => file.Value.Copy()), Boot, steps);

    /// <summary>What the next process finds after the power was cut.</summary>
    public CrashingFiles AfterPowerCut(Random random, int steps = int.MaxValue)
    {
        // The names as of the last sync of the directory, or as of now: renames of a journalling file system are not torn, and come in order.
        var names = random.Next(2) == 0 ? _durable : _files;
        return new(names.ToDictionary(file => file.Key, file => file.Value.CopyOfDurable(random)), Guid.NewGuid(), steps);
    }

    public bool Exists(string name) => _files.ContainsKey(name);

    public IOverlayFile Open(string name)
    {
        Step();
        if (!_files.TryGetValue(name, out var file))
        {
            _files.Add(name, file = new MemoryFile { Owner = this });
        }

        return file;
    }

    public void Delete(string name)
    {
        Step();
        _files.Remove(name);
    }

    public void Replace(string from, string to)
    {
        Step();
        _files[to] = _files[from];
        _files.Remove(from);
    }

    public void SyncDirectory()
    {
        Step();
        ThrowIfSyncFails();
        _durable.Clear();
        foreach (var (name, file) in _files)
        {
            _durable.Add(name, file);
        }
    }

    private void ThrowIfSyncFails()
    {
        if (SyncFails)
        {
            throw new StorageException(ErrorCode.StorageFailed, null, "fsync: Input/output error.");
        }
    }

    private void Step()
    {
        lock (_gate)
        {
            if (_stepsLeft-- <= 0)
            {
                throw new CrashException();
            }

            Steps++;
        }
    }

    private sealed class MemoryFile : IOverlayFile
    {
        private readonly List<(long Offset, byte[] Content)> _unsynced = [];
        private byte[] _now = [];
        private byte[] _durable = [];

        public CrashingFiles Owner { get; set; } = null!;

        public long Length => _now.Length;

        public MemoryFile Copy() => new() { _now = (byte[])_now.Clone(), _durable = (byte[])_durable.Clone() };

        public MemoryFile CopyOfDurable(Random random)
        {
            var content = (byte[])_durable.Clone();
            if (_now.Length != content.Length && random.Next(2) == 0)
            {
                Array.Resize(ref content, _now.Length);
            }

            foreach (var (offset, piece) in _unsynced)
            {
                for (var at = 0; at < piece.Length;)
                {
                    // As the device writes it: whole sectors of the disk, each or not.
                    var end = (int)Math.Min(((offset + at) / Sector * Sector) + Sector - offset, piece.Length);
                    if (random.Next(2) == 0 && offset + end <= content.Length)
                    {
                        piece.AsSpan(at, end - at).CopyTo(content.AsSpan((int)offset + at));
                    }

                    at = end;
                }
            }

            return new() { _now = content, _durable = (byte[])content.Clone() };
        }

        public void SetLength(long length)
        {
            Owner.Step();
            lock (_unsynced)
            {
                Array.Resize(ref _now, (int)length);
            }
        }

        public int Read(long offset, Span<byte> buffer)
        {
            lock (_unsynced)
            {
                var length = (int)Math.Clamp(_now.Length - offset, 0, buffer.Length);
                _now.AsSpan((int)Math.Min(offset, _now.Length), length).CopyTo(buffer);
                return length;
            }
        }

        public void Write(long offset, ReadOnlySpan<byte> content)
        {
            Owner.Step();
            if (Owner.IsFull)
            {
                // Half of it is there, as it may be.
                Put(offset, content[..(content.Length / 2)].ToArray());
                throw new StorageException(ErrorCode.StorageFull, null, "No space left on device.");
            }

            Put(offset, content.ToArray());
        }

        public void Discard(long offset, long length)
        {
            Owner.Step();
            Put(offset, new byte[length]);
        }

        public void Sync()
        {
            Owner.Step();
            Owner.ThrowIfSyncFails();
            lock (_unsynced)
            {
                _durable = (byte[])_now.Clone();
                _unsynced.Clear();
            }
        }

        public void Dispose()
        {
        }

        private void Put(long offset, byte[] content)
        {
            lock (_unsynced)
            {
                if (offset + content.Length > _now.Length)
                {
                    Array.Resize(ref _now, (int)offset + content.Length);
                }

                content.CopyTo(_now.AsSpan((int)offset));
                _unsynced.Add((offset, content));
            }
        }
    }
}

/// <summary>The process or the machine has ended.</summary>
internal sealed class CrashException : Exception;
