using System.Buffers;
using System.Runtime.CompilerServices;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd;
using DisasterTolerance.Storage;

namespace DisasterTolerance.Exports;

/// <summary>
/// A disk that can be written to, over one that never changes: what is written goes to a directory of its own, in blocks of 4 KiB, the rest is read from the base. The directory can be opened again,
/// also after this process was killed: then everything is there that was answered. After the operating system crashed, everything is there that was answered before a flush that was answered.
/// Thread-safe; requests that overlap are worked on in the order in which they came.
/// </summary>
/// <remarks>
/// The order that makes this hold: data → record of the map → answer; flush: sync of the data → commit → sync of the map → answer. After a sync that failed nothing is known of what was written before,
/// so the disk fails every request from then on, and says so to whoever opens the directory later: that one gets what was flushed.
/// </remarks>
internal sealed class OverlayDisk : INbdExport, IDisposable
{
    private const string DataName = "data";
    private const int Block = OverlayFormat.BlockSize;

    private readonly INbdExport _base;
    private readonly string _name;
    private readonly IOverlayFile _data;
    private readonly OverlayStates _states;
    private readonly OverlayLog _log;
    private readonly RangeLock _ranges = new();
    private readonly SemaphoreSlim _flushing = new(1, 1);
    private Exception? _failure;
    private long _changes;
    private long _flushed;

    private OverlayDisk(INbdExport @base, string name, IOverlayFile data, OverlayStates states, OverlayLog log) =>
        (_base, _name, _data, _states, _log) = (@base, name, data, states, log);

    public long Length => _base.Length;

    public bool IsReadOnly => false;

    public bool CanMultiConn => true;

    public NbdBlockSizes BlockSizes => _base.BlockSizes;

    public string Description => $"{_base.Description}, to be written to";

    /// <summary>Why the disk fails every request; null while it works.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Opens the overlay in a directory, or begins one if there is none.</summary>
    /// <param name="directory">The directory: for this overlay only, made if it is not there.</param>
    /// <param name="base">What it lies over; stays the caller's.</param>
    /// <param name="baseName">Names the base's content, for instance the root of its tree: an overlay is never opened over another one.</param>
    /// <exception cref="StorageException"><see cref="ErrorCode.StoreInUse"/>, or the directory cannot be used.</exception>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/>: what is there is damaged or lies over something else.</exception>
    public static OverlayDisk Open(string directory, INbdExport @base, ContentHash baseName) => Open(OverlayFolder.At(directory), directory, @base, baseName);

    /// <summary>Whether there is an overlay in a directory.</summary>
    public static bool Exists(string directory) => File.Exists(Path.Combine(directory, OverlayLog.Name));

    internal static OverlayDisk Open(IOverlayFiles files, string name, INbdExport @base, ContentHash baseName, long? logRoom = null)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(@base.BlockSizes.Minimum, Block, nameof(@base));
        var header = new OverlayHeader(@base.Length, baseName, files.Boot);
        var data = files.Open(DataName);
        try
        {
            OverlayStates states;
            if (files.Exists(OverlayLog.Name))
            {
                using var map = files.Open(OverlayLog.Name);
                states = OverlayReplay.Read(map, header, name);
                if (data.Length != @base.Length)
                {
                    throw new DisasterToleranceException(ErrorCode.DataDamaged, $"The data of overlay '{name}' has {data.Length} bytes instead of {@base.Length}: something else has changed the file. Begin anew from the base.");
                }
            }
            else
            {
                data.SetLength(0);
                data.SetLength(@base.Length);
                states = new OverlayStates(BlocksBefore(@base.Length));
            }

            // What counts only because this system was not started anew counts for ever from here on.
            data.Sync();
            return new OverlayDisk(@base, name, data, states, OverlayLog.Begin(files, header, states, logRoom));
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ThrowIfFailed();
        var end = offset + buffer.Length;
        for (var at = offset; at < end;)
        {
            var run = _states.RunAt(at / Block, BlocksBefore(end));
            var length = (int)(Math.Min(run.End * Block, end) - at);
            var piece = buffer.Slice((int)(at - offset), length);
            switch (run.State)
            {
                case BlockState.Base:
                    await _base.ReadAsync(at, piece, cancellationToken).ConfigureAwait(false);
                    break;
                case BlockState.Data:
                    ReadData(at, piece.Span);
                    break;
                default:
                    piece.Span.Clear();
                    break;
            }

            at += length;
        }
    }

    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, bool isDurable, CancellationToken cancellationToken)
    {
        ThrowIfFailed();
        using (await EnterAsync(offset, buffer.Length, cancellationToken).ConfigureAwait(false))
        {
            await PutAsync(offset, buffer, cancellationToken).ConfigureAwait(false);
        }

        await FlushIfAsync(isDurable, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken cancellationToken) =>
        ZeroAsync(offset, length, isDurable, withEdges: false, cancellationToken);

    public ValueTask WriteZeroesAsync(long offset, long length, bool mayPunchHole, bool isDurable, CancellationToken cancellationToken) =>
        mayPunchHole ? ZeroAsync(offset, length, isDurable, withEdges: true, cancellationToken) : FillAsync(offset, length, isDurable, cancellationToken);

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        var wanted = Interlocked.Read(ref _changes);
        await _flushing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ThrowIfFailed();
            if (wanted <= _flushed)
            {
                // Another one that began later than this one has done it.
                return;
            }

            if (!_log.IsLong || !await TryRestartAsync(cancellationToken).ConfigureAwait(false))
            {
                Commit();
            }
        }
        finally
        {
            _flushing.Release();
        }
    }

    public async IAsyncEnumerable<DiskExtent> GetExtentsAsync(long offset, long length, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var end = offset + length;
        for (var at = offset; at < end;)
        {
            var run = _states.RunAt(at / Block, BlocksBefore(end));
            var stop = Math.Min(run.End * Block, end);
            if (run.State == BlockState.Base)
            {
                await foreach (var extent in _base.GetExtentsAsync(at, stop - at, cancellationToken).ConfigureAwait(false))
                {
                    var until = Math.Min(extent.End, stop);
                    if (until > at)
                    {
                        yield return new(at, until - at, extent.Kind);
                        at = until;
                    }
                }
            }
            else
            {
                yield return new(at, stop - at, run.State == BlockState.Data ? ExtentKind.Data : ExtentKind.Zero);
                at = stop;
            }
        }
    }

    /// <summary>Closes the files; the overlay stays. Nothing uses the disk any more. What was answered but not flushed is there until the operating system ends without writing it.</summary>
    public void Dispose()
    {
        _log.Dispose();
        _data.Dispose();
    }

    private async ValueTask PutAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var end = offset + content.Length;
        var (first, last) = (offset / Block, (end - 1) / Block);
        await CompleteAsync(first, offset, Math.Min(end, (first + 1) * Block), cancellationToken).ConfigureAwait(false);
        if (last > first)
        {
            await CompleteAsync(last, last * Block, end, cancellationToken).ConfigureAwait(false);
        }

        _data.Write(offset, content.Span);
        Mark(first, last + 1, BlockState.Data);
    }

    /// <summary>Puts into the data file what a block has beside the part that is about to be written, if the file does not have it.</summary>
    private async ValueTask CompleteAsync(long block, long from, long to, CancellationToken cancellationToken)
    {
        var (start, end) = (block * Block, Math.Min((block + 1) * Block, Length));
        if ((from == start && to == end) || _states.RunAt(block, block + 1).State == BlockState.Data)
        {
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(Block);
        try
        {
            var whole = buffer.AsMemory(0, (int)(end - start));
            await ReadAsync(start, whole, cancellationToken).ConfigureAwait(false);
            _data.Write(start, whole.Span);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask ZeroAsync(long offset, long length, bool isDurable, bool withEdges, CancellationToken cancellationToken)
    {
        ThrowIfFailed();
        var end = offset + length;
        using (await EnterAsync(offset, length, cancellationToken).ConfigureAwait(false))
        {
            var first = (offset + Block - 1) / Block;
            var stop = end == Length ? BlocksBefore(end) : end / Block;
            if (withEdges)
            {
                var head = Math.Min(first * Block, end);
                await PutZerosAsync(offset, head, cancellationToken).ConfigureAwait(false);
                await PutZerosAsync(Math.Max(head, stop * Block), end, cancellationToken).ConfigureAwait(false);
            }

            if (stop > first)
            {
                Mark(first, stop, BlockState.Zero);
                _data.Discard(first * Block, Math.Min(stop * Block, Length) - (first * Block));
            }
        }

        await FlushIfAsync(isDurable, cancellationToken).ConfigureAwait(false);
    }

    private ValueTask PutZerosAsync(long start, long end, CancellationToken cancellationToken) =>
        end > start ? PutAsync(start, new byte[end - start], cancellationToken) : ValueTask.CompletedTask;

    // The client wants the space to be taken, so that later writes find it.
    private async ValueTask FillAsync(long offset, long length, bool isDurable, CancellationToken cancellationToken)
    {
        var zeros = new byte[(int)Math.Min(length, 1 << 20)];
        for (var (at, end) = (offset, offset + length); at < end; at += zeros.Length)
        {
            await WriteAsync(at, zeros.AsMemory(0, (int)Math.Min(zeros.Length, end - at)), false, cancellationToken).ConfigureAwait(false);
        }

        await FlushIfAsync(isDurable, cancellationToken).ConfigureAwait(false);
    }

    private void Mark(long first, long end, BlockState state)
    {
        List<BlockRun> changed = [];
        for (var at = first; at < end;)
        {
            var run = _states.RunAt(at, end);
            if (run.State != state)
            {
                changed.Add(run with { State = state });
            }

            at = run.End;
        }

        if (changed.Count > 0)
        {
            _log.Append(changed);
            changed.ForEach(_states.Set);
        }

        Interlocked.Increment(ref _changes);
    }

    private void Commit()
    {
        // In this order: what is counted has its record before the end.
        var changes = Interlocked.Read(ref _changes);
        var before = _log.End;
        FailIf(_data.Sync);
        if (_log.TryCommit(before))
        {
            FailIf(_log.Sync);
        }

        _flushed = changes;
    }

    /// <summary>Begins the log anew. Nothing is written meanwhile, so all that is known is durable after the sync.</summary>
    /// <returns>False if there is no space for it: then the present one does.</returns>
    private async ValueTask<bool> TryRestartAsync(CancellationToken cancellationToken)
    {
        using var all = await _ranges.EnterAsync(0, long.MaxValue, cancellationToken).ConfigureAwait(false);
        var changes = Interlocked.Read(ref _changes);
        FailIf(_data.Sync);
        OverlayLog.FreshLog fresh;
        try
        {
            fresh = _log.Prepare(_states);
        }
        catch (StorageException full) when (full.Code == ErrorCode.StorageFull)
        {
            return false;
        }

        FailIf(() => _log.Restart(fresh));
        _flushed = changes;
        return true;
    }

    private void FailIf(Action step)
    {
        try
        {
            step();
        }
        catch (Exception cause)
        {
            Fail(cause);
            throw;
        }
    }

    private void Fail(Exception cause)
    {
        Volatile.Write(ref _failure, cause);
        try
        {
            _log.MarkBroken();
        }
        catch (Exception also) when (also is StorageException or ObjectDisposedException)
        {
            Volatile.Write(ref _failure, new AggregateException(cause, also));
        }
    }

    private void ReadData(long offset, Span<byte> destination)
    {
        if (_data.Read(offset, destination) < destination.Length)
        {
            throw new StorageException(ErrorCode.StorageFailed, DataName, $"The data of overlay '{_name}' ends before {offset + destination.Length}, although it was written. Something else has changed the file; begin anew from the base.");
        }
    }

    private ValueTask<IDisposable> EnterAsync(long offset, long length, CancellationToken cancellationToken) =>
        _ranges.EnterAsync(offset / Block, BlocksBefore(offset + length), cancellationToken);

    private ValueTask FlushIfAsync(bool isDurable, CancellationToken cancellationToken) => isDurable ? FlushAsync(cancellationToken) : ValueTask.CompletedTask;

    private void ThrowIfFailed()
    {
        if (Failure is { } cause)
        {
            throw new StorageException(
                ErrorCode.StorageFailed, DataName, $"Overlay '{_name}' failed to make data durable: {cause.Message} What was written since the last flush may be lost. Stop what uses the disk, repair the cause and open the overlay again: it has what was flushed.", false, cause);
        }
    }

    private static long BlocksBefore(long end) => (end + Block - 1) / Block;
}
