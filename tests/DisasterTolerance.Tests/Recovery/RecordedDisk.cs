using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Tests.Recovery;

/// <summary>A new disk in memory that keeps note of what is written, can be as slow as a test wants and fails when it is told to.</summary>
internal sealed class RecordedDisk(DiskDefinition definition) : ITargetDisk
{
    private readonly Lock _gate = new();

    public DiskDefinition Definition => definition;

    public bool IsNew => true;

    public byte[] Content { get; } = new byte[definition.LengthBytes];

    /// <summary>Offset and length of every write, in the order in which they began.</summary>
    public List<(long Offset, int Length)> Writes { get; } = [];

    /// <summary>What every write waits for, by its number.</summary>
    public Func<int, CancellationToken, Task> BeforeWrite { get; set; } = (_, _) => Task.CompletedTask;

    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        int number;
        lock (_gate)
        {
            number = Writes.Count;
            Writes.Add((offset, content.Length));
        }

        await BeforeWrite(number, cancellationToken);
        content.CopyTo(Content.AsMemory((int)offset));
    }

    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken) => throw new InvalidOperationException("A new disk is not read.");

    public IAsyncEnumerable<DiskExtent> GetExtentsAsync(CancellationToken cancellationToken) => throw new InvalidOperationException("A new disk is not asked for its extents.");

    public ValueTask WriteZeroesAsync(long offset, long length, CancellationToken cancellationToken) => throw new InvalidOperationException("A new disk is not cleared.");

    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
