using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Hypervisors;

/// <summary>
/// A disk with its change map. It may belong to a machine, or wait for one to be registered. Thread-safe by the hypervisor's one lock: a write and its mark belong to the same
/// snapshot, and all disks of a machine are frozen at one instant.
/// </summary>
internal sealed class MemoryDisk(Lock gate, string id, DiskKind kind, long length, long identity)
{
    private readonly SparseDisk _content = new(length);

    public string Id { get; } = id;

    public DiskKind Kind { get; set; } = kind;

    public ChangeMap Changes { get; } = new(identity);

    public bool IsUnusable { get; set; }

    public DiskDefinition Definition
    {
        get
        {
            lock (gate)
            {
                return new DiskDefinition(Id, _content.Length, Kind);
            }
        }
    }

    public void Read(long offset, Span<byte> destination)
    {
        lock (gate)
        {
            _content.Read(offset, destination);
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> content)
    {
        lock (gate)
        {
            _content.Write(offset, content);
            Changes.Mark(offset, content.Length);
        }
    }

    public void WriteZeroes(long offset, long length)
    {
        lock (gate)
        {
            _content.WriteZeroes(offset, length);
            Changes.Mark(offset, length);
        }
    }

    public void Resize(long length)
    {
        lock (gate)
        {
            long before = _content.Length;
            _content.Resize(length);
            if (length > before)
            {
                Changes.Mark(before, length - before);
            }
        }
    }

    public FrozenDisk Freeze()
    {
        lock (gate)
        {
            return _content.Freeze();
        }
    }

    public SnapshotDiskState TakeState()
    {
        lock (gate)
        {
            return new SnapshotDiskState(this, Definition, _content.Freeze(), Changes.Close());
        }
    }
}
