using System.Buffers;
using DisasterTolerance.Chunking;
using DisasterTolerance.Storage;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Store;

/// <summary>
/// Appends records to packs. Records are staged in memory under the ledger's gate and get their place at once; one turn at a time writes what is staged and,
/// if asked, makes it durable, so that all who wait share one commit. An error abandons the pack: what was durable before stays, the rest is lost and never
/// retried. Thread-safe.
/// </summary>
internal sealed class PackWriter(
    IAppendStorage storage, StoreLedger ledger, StoreIdentity identity, int packBytes, int nextSequence, ILogger log) : IAsyncDisposable
{
    // Room for the encoders to go on during one commit.
    private const int MaxStagedBytes = 4 << 20;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CancellationTokenSource _lifetime = new();
    private readonly List<OpenPack> _open = [];
    private readonly List<OpenPack> _abandoned = [];
    private OpenPack? _current;
    private long _staged, _written, _settled;

    /// <summary>Gives a record its place. Needs the ledger's gate held.</summary>
    /// <param name="record">The whole record.</param>
    /// <param name="header">Its header.</param>
    public StagedRecord StageLocked(ReadOnlySpan<byte> record, in RecordHeader header)
    {
        if (_current is { } full
            && (full.Entries.Count == PackFormat.MaxEntries
                || full.Length + (long)record.Length + PackFormat.TrailerLength(full.Entries.Count + 1, full.Patches + 1) > packBytes))
        {
            full.IsFull = true;
            _current = null;
        }

        _current ??= BeginLocked();
        var entry = new PackEntry(header.Hash, _current.Length, record.Length, header.RawLength, header.Kind, header.BaseOf(record));
        _current.StageLocked(record);
        _current.Add(entry);
        _current.State.Entries++;
        _staged += record.Length;
        return new StagedRecord(_current.State.Sequence, entry);
    }

    /// <summary>Waits until not too much is staged.</summary>
    public async ValueTask MakeRoomAsync(CancellationToken cancellationToken)
    {
        while (UnwrittenBytes() > MaxStagedBytes)
        {
            await TakeTurnAsync(() => UnwrittenBytes() > MaxStagedBytes, flush: false, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Settles everything staged before the call: afterwards it is durable, or its scopes were told that it is lost.</summary>
    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        long goal;
        lock (ledger.Gate)
        {
            goal = _staged;
            if (_settled >= goal && !identity.OwesGeneration)
            {
                return ValueTask.CompletedTask;
            }
        }

        return TakeTurnAsync(() => !IsSettled(goal), flush: true, cancellationToken);
    }

    /// <summary>Seals the present pack, if there is one, and tries again to seal what was abandoned.</summary>
    public ValueTask SealAsync(CancellationToken cancellationToken)
    {
        lock (ledger.Gate)
        {
            if (_current is { } full)
            {
                full.IsFull = true;
                _current = null;
            }
        }

        return TakeTurnAsync(static () => true, flush: true, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await SealAsync(CancellationToken.None).ConfigureAwait(false);
        await _lifetime.CancelAsync().ConfigureAwait(false);
        _lifetime.Dispose();
        _turn.Dispose();
    }

    private OpenPack BeginLocked()
    {
        var pack = new OpenPack(new PackState(nextSequence++));
        Span<byte> header = stackalloc byte[PackFormat.HeaderSize];
        PackFormat.WriteHeader(header, identity.StoreId, pack.State.Sequence);
        pack.StageLocked(header);
        _staged += header.Length;
        _open.Add(pack);
        ledger.AddPackLocked(pack.State);
        return pack;
    }

    private long UnwrittenBytes()
    {
        lock (ledger.Gate)
        {
            return _staged - _written;
        }
    }

    private bool IsSettled(long goal)
    {
        lock (ledger.Gate)
        {
            return _settled >= goal && !identity.OwesGeneration;
        }
    }

    private async ValueTask TakeTurnAsync(Func<bool> isNeeded, bool flush, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!isNeeded())
        {
            _turn.Release();
            return;
        }

        // The turn belongs to all who wait: one of them going away must not abandon the pack.
        await RunTurnAsync(flush).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task RunTurnAsync(bool flush)
    {
        OpenPack[] packs;
        long goal;
        lock (ledger.Gate)
        {
            packs = [.. _open];
            goal = _staged;
        }

        try
        {
            if (flush && identity.OwesGeneration)
            {
                await identity.SettleGenerationAsync(_lifetime.Token).ConfigureAwait(false);
            }

            foreach (var pack in packs)
            {
                await WriteAsync(pack, flush, _lifetime.Token).ConfigureAwait(false);
            }

            if (flush)
            {
                await SealAbandonedAsync(_lifetime.Token).ConfigureAwait(false);
                lock (ledger.Gate)
                {
                    _settled = Math.Max(_settled, goal);
                }
            }
        }
        catch (Exception cause)
        {
            await AbandonAsync(cause).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask WriteAsync(OpenPack pack, bool flush, CancellationToken cancellationToken)
    {
        pack.Blob ??= await storage.BeginAsync(pack.State.Name, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            byte[] buffer;
            int length;
            lock (ledger.Gate)
            {
                if (!pack.TryTakeLocked(out buffer, out length))
                {
                    break;
                }

                _written += length;
            }

            try
            {
                await pack.Blob.AppendAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        bool isFull;
        lock (ledger.Gate)
        {
            isFull = pack.IsFull;
        }

        if (isFull)
        {
            await SealAsync(pack, pack.Length, cancellationToken).ConfigureAwait(false);
            lock (ledger.Gate)
            {
                _open.Remove(pack);
            }
        }
        else if (flush)
        {
            var durable = (int)pack.Blob.Length;
            await pack.Blob.FlushAsync(cancellationToken).ConfigureAwait(false);
            lock (ledger.Gate)
            {
                pack.State.DurableLength = durable;
            }
        }
    }

    private async ValueTask SealAsync(OpenPack pack, int recordsEnd, CancellationToken cancellationToken)
    {
        var length = PackFormat.TrailerLength(pack.Entries.Count, pack.Patches);
        var trailer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            PackFormat.WriteTrailer(trailer.AsSpan(0, length), pack.Entries, recordsEnd);
            await pack.Blob!.AppendAsync(trailer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(trailer);
        }

        await pack.Blob.SealAsync(cancellationToken).ConfigureAwait(false);
        await pack.Blob.DisposeAsync().ConfigureAwait(false);
        pack.Blob = null;
        lock (ledger.Gate)
        {
            pack.State.DurableLength = recordsEnd;
            pack.State.SealedLength = recordsEnd + length;
        }
    }

    private async ValueTask AbandonAsync(Exception cause)
    {
        OpenPack[] packs;
        lock (ledger.Gate)
        {
            packs = [.. _open];
            _open.Clear();
            _current = null;
            foreach (var pack in packs)
            {
                while (pack.TryTakeLocked(out var buffer, out _))
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }

                var durable = pack.State.DurableLength;
                ledger.LoseLocked(pack.State.Sequence, pack.Entries.Where(entry => entry.Offset + entry.Length > durable), cause);
                pack.RemoveBehind(durable);
                pack.State.Entries = pack.Entries.Count;
                if (pack.Entries.Count == 0)
                {
                    ledger.RemovePackLocked(pack.State);
                }
                else
                {
                    _abandoned.Add(pack);
                }
            }

            _written = _staged;
            _settled = _staged;
            identity.RaiseGeneration();
        }

        foreach (var pack in packs)
        {
            Log.PackAbandoned(log, pack.State.Name, pack.State.DurableLength, cause);
            await CloseAsync(pack).ConfigureAwait(false);
        }
    }

    private async ValueTask CloseAsync(OpenPack pack)
    {
        try
        {
            if (pack.Blob is { } blob)
            {
                await blob.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (StorageException cause)
        {
            Log.PackNotClosed(log, pack.State.Name, cause);
        }

        pack.Blob = null;
    }

    // Not a retry of what failed: the blob is cut to what was durable before, and only a trailer is added.
    private async ValueTask SealAbandonedAsync(CancellationToken cancellationToken)
    {
        for (var i = _abandoned.Count - 1; i >= 0; i--)
        {
            var pack = _abandoned[i];
            try
            {
                pack.Blob = await storage.ResumeAsync(pack.State.Name, pack.State.DurableLength, cancellationToken).ConfigureAwait(false);
                await SealAsync(pack, pack.State.DurableLength, cancellationToken).ConfigureAwait(false);
                _abandoned.RemoveAt(i);
            }
            catch (StorageException cause) when (cause.Code == ErrorCode.BlobNotFound)
            {
                // The seal that was reported as failed had happened.
                var length = await storage.GetLengthAsync(pack.State.Name, cancellationToken).ConfigureAwait(false);
                lock (ledger.Gate)
                {
                    pack.State.SealedLength = length ?? 0;
                }

                _abandoned.RemoveAt(i);
            }
            catch (StorageException cause)
            {
                Log.PackNotClosed(log, pack.State.Name, cause);
                await CloseAsync(pack).ConfigureAwait(false);
            }
        }
    }
}

/// <summary>A record that got its place. Immutable.</summary>
/// <param name="Pack">The pack's sequence number.</param>
/// <param name="Entry">Its place there.</param>
internal readonly record struct StagedRecord(int Pack, PackEntry Entry);
