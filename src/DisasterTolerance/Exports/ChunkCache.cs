using System.Buffers;
using DisasterTolerance.Chunking;
using DisasterTolerance.Store;

namespace DisasterTolerance.Exports;

/// <summary>
/// Decoded chunks of one disk that are wanted again soon: read in part, or read ahead. Each is read and verified once, whoever waits for it. Holds up to its capacity, and more only while more are
/// in use at once. Thread-safe.
/// </summary>
internal sealed class ChunkCache(IRecordStore store, int chunkSize, int capacity, TaskScheduler workers) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ContentHash, Entry> _entries = [];
    private readonly LinkedList<Entry> _newestFirst = [];
    private readonly CancellationTokenSource _ending = new();
    private bool _isOver;

    /// <summary>Whether a chunk is here or on its way.</summary>
    public bool Has(ContentHash hash)
    {
        lock (_gate)
        {
            return _entries.ContainsKey(hash);
        }
    }

    /// <summary>Begins to read a chunk, if it is not here yet.</summary>
    public void Want(ContentHash hash) => Leave(Enter(hash));

    /// <summary>Copies a part of a chunk.</summary>
    public async ValueTask CopyAsync(ContentHash hash, int from, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var entry = Enter(hash);
        try
        {
            await entry.Filling.WaitAsync(cancellationToken).ConfigureAwait(false);
            entry.Content.AsMemory(from, destination.Length).CopyTo(destination);
        }
        finally
        {
            Leave(entry);
        }
    }

    /// <summary>Reads and verifies one chunk.</summary>
    public static async ValueTask ReadAsync(IRecordStore store, ContentHash hash, Memory<byte> chunk, CancellationToken cancellationToken)
    {
        var read = await store.ReadAsync(hash, RecordKind.Chunk, chunk, cancellationToken).ConfigureAwait(false);
        if (read != chunk.Length)
        {
            throw new DisasterToleranceException(ErrorCode.DataDamaged, $"Chunk {hash} has {read} bytes instead of {chunk.Length}.");
        }
    }

    /// <summary>Ends what is being read ahead. Nobody waits for a chunk any more.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] filling;
        lock (_gate)
        {
            _isOver = true;
            filling = [.. _entries.Values.Select(entry => entry.Filling)];
        }

        await _ending.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(filling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    private Entry Enter(ContentHash hash)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isOver, this);
            if (_entries.TryGetValue(hash, out var entry))
            {
                entry.Users++;
                _newestFirst.Remove(entry.Node);
                _newestFirst.AddFirst(entry.Node);
                return entry;
            }

            // One user is the caller, the other one is the filling.
            entry = new Entry(hash, ArrayPool<byte>.Shared.Rent(chunkSize)) { Users = 2 };
            entry.Node = _newestFirst.AddFirst(entry);
            _entries.Add(hash, entry);
            entry.Filling = Task.Factory.StartNew(() => FillAsync(entry), CancellationToken.None, TaskCreationOptions.DenyChildAttach, workers).Unwrap();
            TrimLocked();
            return entry;
        }
    }

    private async Task FillAsync(Entry entry)
    {
        try
        {
            await ReadAsync(store, entry.Hash, entry.Content.AsMemory(0, chunkSize), _ending.Token).ConfigureAwait(false);
        }
        catch
        {
            // Whoever waits is told; whoever comes later tries again, for the chunk may have been healed.
            lock (_gate)
            {
                ForgetLocked(entry);
            }

            throw;
        }
        finally
        {
            Leave(entry);
        }
    }

    private void Leave(Entry entry)
    {
        lock (_gate)
        {
            entry.Users--;
            ReturnLocked(entry);
            TrimLocked();
        }
    }

    private void TrimLocked()
    {
        for (var node = _newestFirst.Last; node is not null && _entries.Count > capacity;)
        {
            var entry = node.Value;
            node = node.Previous;
            if (entry.Users == 0)
            {
                ForgetLocked(entry);
            }
        }
    }

    private void ForgetLocked(Entry entry)
    {
        _entries.Remove(entry.Hash);
        _newestFirst.Remove(entry.Node);
        entry.IsForgotten = true;
        ReturnLocked(entry);
    }

    private static void ReturnLocked(Entry entry)
    {
        if (entry is { IsForgotten: true, Users: 0 })
        {
            ArrayPool<byte>.Shared.Return(entry.Content);
        }
    }

    private sealed class Entry(ContentHash hash, byte[] content)
    {
        public ContentHash Hash { get; } = hash;

        public byte[] Content { get; } = content;

        public Task Filling { get; set; } = Task.CompletedTask;

        public LinkedListNode<Entry> Node { get; set; } = null!;

        public int Users { get; set; }

        public bool IsForgotten { get; set; }
    }
}
