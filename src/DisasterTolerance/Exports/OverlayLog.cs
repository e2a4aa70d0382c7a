using System.Buffers;

namespace DisasterTolerance.Exports;

/// <summary>
/// The map file of an open overlay. Records are written when blocks change, and count after a crash of this process; after a restart of the operating system only those count that a commit names,
/// because the data of the others may be lost. Thread-safe.
/// </summary>
internal sealed class OverlayLog : IDisposable
{
    public const string Name = "map";
    public const string NewName = "map.new";

    // So much growth is never worth beginning anew for.
    private const long LeastRoom = 1 << 20;

    private readonly Lock _gate = new();
    private readonly IOverlayFiles _files;
    private readonly OverlayHeader _header;
    private readonly long? _room;
    private IOverlayFile _file;
    private long _end;
    private long _committed;
    private long _fresh;
    private uint _checksum;

    private OverlayLog(IOverlayFiles files, OverlayHeader header, long? room)
    {
        (_files, _header, _room) = (files, header with { Boot = files.Boot }, room);
        _file = null!;
    }

    /// <summary>Where the next record goes: what lies before it is what a commit can name.</summary>
    public long End
    {
        get
        {
            lock (_gate)
            {
                return _end;
            }
        }
    }

    /// <summary>Whether the log has grown so much that it is worth beginning anew.</summary>
    public bool IsLong
    {
        get
        {
            lock (_gate)
            {
                return _end - _fresh > (_room ?? Math.Max(LeastRoom, _fresh));
            }
        }
    }

    /// <summary>Begins a log with some states, all of whose data is durable, in place of the one that there may be. Durable on return.</summary>
    /// <param name="files">Where it goes.</param>
    /// <param name="header">What it begins with.</param>
    /// <param name="states">The states.</param>
    /// <param name="room">Bytes by which it may grow before it is long; null for as many as it begins with, and a MiB at the least.</param>
    public static OverlayLog Begin(IOverlayFiles files, OverlayHeader header, OverlayStates states, long? room)
    {
        var log = new OverlayLog(files, header, room);
        log.Restart(log.Prepare(states));
        return log;
    }

    /// <summary>Writes a new map beside the present one, with some states, all of whose data is durable. Durable on return; the present one counts on.</summary>
    public FreshLog Prepare(OverlayStates states)
    {
        _files.Delete(NewName);
        using var file = _files.Open(NewName);
        var writer = new Writer(file, _header);
        writer.PutAll(states);
        file.Sync();
        return new(writer.End, writer.Checksum);
    }

    /// <summary>Goes on with the map that was prepared. Nothing was appended meanwhile.</summary>
    public void Restart(FreshLog fresh)
    {
        lock (_gate)
        {
            // Not every system replaces a file that is open.
            _file?.Dispose();
            _files.Replace(NewName, Name);
            _files.SyncDirectory();
            _file = _files.Open(Name);
            (_end, _committed, _fresh, _checksum) = (fresh.End, fresh.End, fresh.End, fresh.Checksum);
        }
    }

    /// <summary>Says which blocks changed, before the client is told so. Not durable yet.</summary>
    public void Append(IReadOnlyList<BlockRun> runs)
    {
        var bytes = runs.Count * OverlayFormat.RecordSize;
        var buffer = ArrayPool<byte>.Shared.Rent(bytes);
        try
        {
            lock (_gate)
            {
                var checksum = _checksum;
                for (var i = 0; i < runs.Count; i++)
                {
                    var record = new OverlayRecord(OverlayRecordKind.Run, runs[i].State, runs[i].First, runs[i].Count);
                    checksum = OverlayFormat.WriteRecord(buffer.AsSpan(i * OverlayFormat.RecordSize), record, default, checksum);
                }

                WriteLocked(buffer.AsSpan(0, bytes), checksum);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Writes that all records before an offset count for ever, whose data is durable already. Holds once <see cref="Sync"/> returned.</summary>
    /// <returns>False if that was said before.</returns>
    public bool TryCommit(long before)
    {
        lock (_gate)
        {
            if (before <= _committed)
            {
                return false;
            }

            // If nothing came behind it, the commit itself is nothing that would need another one.
            var isLast = before == _end;
            AppendLocked(new OverlayRecord(OverlayRecordKind.Commit, BlockState.Base, before, 0));
            _committed = isLast ? _end : before;
            return true;
        }
    }

    public void Sync() => _file.Sync();

    /// <summary>Says that data may be lost which the records name.</summary>
    public void MarkBroken()
    {
        lock (_gate)
        {
            AppendLocked(new OverlayRecord(OverlayRecordKind.Broken, BlockState.Base, 0, 0));
        }
    }

    public void Dispose() => _file?.Dispose();

    private void AppendLocked(in OverlayRecord record)
    {
        Span<byte> buffer = stackalloc byte[OverlayFormat.RecordSize];
        WriteLocked(buffer, OverlayFormat.WriteRecord(buffer, record, default, _checksum));
    }

    // A write that fails is not passed: the next one goes to the same place.
    private void WriteLocked(ReadOnlySpan<byte> records, uint checksum)
    {
        _file.Write(_end, records);
        _end += records.Length;
        _checksum = checksum;
    }

    /// <summary>Where a new log ends. Immutable.</summary>
    internal readonly record struct FreshLog(long End, uint Checksum);

    private sealed class Writer
    {
        private readonly IOverlayFile _file;
        private readonly byte[] _buffer = new byte[OverlayFormat.RecordSize + OverlayStates.PageBytes];

        public Writer(IOverlayFile file, in OverlayHeader header)
        {
            _file = file;
            Checksum = OverlayFormat.WriteHeader(_buffer, header);
            file.Write(0, _buffer.AsSpan(0, OverlayFormat.HeaderSize));
        }

        public long End { get; private set; } = OverlayFormat.HeaderSize;

        public uint Checksum { get; private set; }

        public void PutAll(OverlayStates states)
        {
            var page = new byte[OverlayStates.PageBytes];
            for (var index = 0; index < states.PageCount; index++)
            {
                if (states.TryCopyPage(index, page))
                {
                    Put(new(OverlayRecordKind.Page, BlockState.Base, index, 0), page);
                }
            }

            Put(new(OverlayRecordKind.Commit, BlockState.Base, End, 0), default);
        }

        private void Put(in OverlayRecord record, ReadOnlySpan<byte> payload)
        {
            Checksum = OverlayFormat.WriteRecord(_buffer, record, payload, Checksum);
            _file.Write(End, _buffer.AsSpan(0, record.TotalLength));
            End += record.TotalLength;
        }
    }
}
