using System.Buffers;
using DisasterTolerance.Chunking;
using DisasterTolerance.Store;

namespace DisasterTolerance.Shipping;

/// <summary>
/// Reads the records that a session sends, a group at a time in their order, the next group while the present one is sent. Holds two groups. One caller at a time; owns pooled buffers.
/// </summary>
internal sealed class RecordReadAhead(IRecordStore store, TaskScheduler workers, ReadOnlyMemory<ContentHash> hashes, ArrayPool<byte> pool) : IAsyncDisposable
{
    // About half a megabyte of stored chunks: neighbours cost one read.
    private const int GroupRecords = 16;

    private RecordBatch _present = new(pool);
    private RecordBatch _next = new(pool);
    private Task _reading = Task.CompletedTask;
    private int _first = -GroupRecords;

    /// <summary>A record as it lies; empty if it has to be read alone. Ask in ascending order; valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> GetAsync(int index, CancellationToken cancellationToken)
    {
        if (index >= _first + GroupRecords)
        {
            if (_first < 0)
            {
                Begin(0, cancellationToken);
            }

            await _reading.ConfigureAwait(false);
            (_present, _next) = (_next, _present);
            _first += GroupRecords;
            Begin(_first + GroupRecords, cancellationToken);
        }

        return _present[index - _first];
    }

    public async ValueTask DisposeAsync()
    {
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _present.Dispose();
        _next.Dispose();
    }

    private void Begin(int first, CancellationToken cancellationToken)
    {
        var (batch, count) = (_next, Math.Min(GroupRecords, hashes.Length - first));
        _reading = count <= 0
            ? Task.CompletedTask
            : Task.Factory.StartNew(
                () => store.FetchAsync(hashes.Slice(first, count), batch, cancellationToken).AsTask(), CancellationToken.None, TaskCreationOptions.DenyChildAttach, workers).Unwrap();
    }
}
