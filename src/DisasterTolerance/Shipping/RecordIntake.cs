using System.Buffers;
using DisasterTolerance.Store;

namespace DisasterTolerance.Shipping;

/// <summary>
/// Verifies and stores records that came over the link on the workers, while the next ones are read, and tells of them in the order in which they came. Holds at most <see cref="MostBytes"/> of records, or one.
/// One caller at a time. Owns pooled buffers.
/// </summary>
internal sealed class RecordIntake(IStoreScope scope, TaskScheduler workers, ArrayPool<byte> pool) : IAsyncDisposable
{
    // Enough that all cores have work while a frame is waited for.
    private const long MostBytes = 4 << 20;

    private readonly Queue<Intake> _inFlight = new();
    private long _bytes;

    /// <summary>Whether no record is on its way.</summary>
    public bool IsEmpty => _inFlight.Count == 0;

    /// <summary>Whether the oldest has to be taken before a record of this length is added.</summary>
    public bool IsFullFor(int length) => _inFlight.Count > 0 && _bytes + length > MostBytes;

    /// <summary>Whether the oldest is done, so that taking it does not wait.</summary>
    public bool IsReady => _inFlight.TryPeek(out var oldest) && oldest.Work.IsCompleted;

    /// <summary>Begins to verify and store a record. The caller's buffer is free again on return.</summary>
    public void Add(ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
    {
        var buffer = pool.Rent(record.Length);
        record.CopyTo(buffer);
        var copy = buffer.AsMemory(0, record.Length);
        var work = Task.Factory.StartNew(
            () => scope.AppendStoredAsync(copy, RecordKind.Chunk, cancellationToken).AsTask(), CancellationToken.None, TaskCreationOptions.DenyChildAttach, workers).Unwrap();
        _inFlight.Enqueue(new Intake(buffer, record.Length, work));
        _bytes += record.Length;
    }

    /// <summary>Waits for the oldest record.</summary>
    /// <returns>What became of it, and its length.</returns>
    /// <exception cref="DisasterToleranceException">It is damaged, or could not be stored.</exception>
    public async ValueTask<(AppendedRecord Added, int Length)> TakeAsync()
    {
        var oldest = _inFlight.Peek();
        try
        {
            return (await oldest.Work.ConfigureAwait(false), oldest.Length);
        }
        finally
        {
            _inFlight.Dequeue();
            _bytes -= oldest.Length;
            pool.Return(oldest.Buffer);
        }
    }

    /// <summary>Waits until nobody uses a buffer any more.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_inFlight.TryDequeue(out var left))
        {
            await ((Task)left.Work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pool.Return(left.Buffer);
        }
    }

    private readonly record struct Intake(byte[] Buffer, int Length, Task<AppendedRecord> Work);
}
