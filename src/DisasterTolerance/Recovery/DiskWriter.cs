using System.Buffers;
using DisasterTolerance.Capture;
using DisasterTolerance.Chunking;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Makes one target disk equal to one disk of a point. One loop walks the tree's leaves and the disk's extents side by side in ascending order and hands out pieces of what has to be looked at; workers
/// compare, read and verify them; the loop writes them in the order of the disk. Holds at most <see cref="MostPieces"/> pieces of <see cref="PieceBytes"/> (or one chunk, if that is larger) and what is read
/// for them, whatever the disk's size. Used once; not thread-safe.
/// </summary>
internal sealed class DiskWriter(SiteContext site, ITargetDisk target, ChunkGeometry geometry, ManifestDisk disk, ProgressDeadline deadline, ProgressBoard.Entry progress, ArrayPool<byte>? pool = null)
{
    // One read of a pack and one write of the target: larger ones gain nothing any more. Benchmark: restore.
    private const int PieceBytes = 1 << 20;

    // Beside those that the cores work on: the ones that are being written and the ones that wait for a core. Benchmark: restore.
    private const int SparePieces = 4;
    private const int Writes = 2;

    // Zeros are written in pieces of this size at most, so that the deadline sees them move.
    private const long ZeroBytes = 1L << 30;

    private static readonly int MostPieces = Math.Min(Environment.ProcessorCount, 16) + SparePieces;

    private readonly long _length = disk.Definition.LengthBytes;
    private readonly Queue<DiskPiece> _free = new();
    private readonly Queue<DiskPiece> _reading = new();
    private readonly Queue<DiskPiece> _writing = new();
    private CancellationToken _token;
    private DiskPiece? _open;
    private long _written;
    private long _seen;

    /// <summary>Bytes written, zeros included; what was there already was left.</summary>
    public long WrittenBytes => Interlocked.Read(ref _written);

    public async ValueTask RunAsync()
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token);
        _token = failed.Token;
        try
        {
            await HandOutAsync(failed.Token).ConfigureAwait(false);
            await CloseAsync().ConfigureAwait(false);
            await DrainAsync(0).ConfigureAwait(false);
            Seen(_length);
        }
        catch
        {
            await failed.CancelAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            await ReturnBuffersAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Merges what the point has with what the disk has: chunks of the point are written or compared, data where the point has zeros is cleared.</summary>
    private async ValueTask HandOutAsync(CancellationToken token)
    {
        var present = PresentAsync(token).GetAsyncEnumerator(token);
        await using var closing = present.ConfigureAwait(false);
        ChunkRange? data = await present.MoveNextAsync().ConfigureAwait(false) ? present.Current : null;
        long cleared = 0;
        var tree = new TreeReader(site.Store, geometry, disk.Tree);
        await foreach (var leaves in tree.LeavesAsync(0, geometry.LeafCount(_length), token).ConfigureAwait(false))
        {
            for (var i = 0; i < leaves.Length; i++)
            {
                var leaf = leaves.Span[i];
                while (data is { } range && range.End <= leaf.Position)
                {
                    await ClearAsync(Math.Max(cleared, range.First), range.End, token).ConfigureAwait(false);
                    data = await present.MoveNextAsync().ConfigureAwait(false) ? present.Current : null;
                }

                var isData = data is { } open && open.First <= leaf.Position;
                if (isData)
                {
                    await ClearAsync(Math.Max(cleared, data!.Value.First), leaf.Position, token).ConfigureAwait(false);
                }

                cleared = leaf.Position + 1;
                await AddAsync(leaf, isData).ConfigureAwait(false);
            }

            deadline.Moved();
        }

        while (data is { } rest)
        {
            await ClearAsync(Math.Max(cleared, rest.First), rest.End, token).ConfigureAwait(false);
            data = await present.MoveNextAsync().ConfigureAwait(false) ? present.Current : null;
        }
    }

    private async IAsyncEnumerable<ChunkRange> PresentAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken token)
    {
        if (target.IsNew)
        {
            yield break;
        }

        await foreach (var range in ChunkRanges.OfDataAsync(target.GetExtentsAsync(token), disk.Definition, geometry, token).ConfigureAwait(false))
        {
            yield return range;
        }
    }

    private async ValueTask ClearAsync(long first, long end, CancellationToken token)
    {
        var stop = Math.Min(end * geometry.ChunkSize, _length);
        for (var offset = first * geometry.ChunkSize; offset < stop;)
        {
            var length = Math.Min(stop - offset, ZeroBytes);
            await target.WriteZeroesAsync(offset, length, token).ConfigureAwait(false);
            Interlocked.Add(ref _written, length);
            offset += length;
            deadline.Moved();
            Seen(offset);
        }
    }

    private async ValueTask AddAsync(Leaf leaf, bool isData)
    {
        _open ??= _free.Count > 0 ? _free.Dequeue() : new DiskPiece(geometry, _length, Math.Max(1, PieceBytes / geometry.ChunkSize), pool ?? ArrayPool<byte>.Shared);
        _open.Add(leaf, isData);
        if (_open.IsFull)
        {
            await CloseAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Hands the open piece to the workers.</summary>
    private async ValueTask CloseAsync()
    {
        if (_open is { } piece)
        {
            _open = null;
            piece.Work = Task.Factory.StartNew(() => piece.ReadAsync(target, site.Store, _token).AsTask(), CancellationToken.None, TaskCreationOptions.DenyChildAttach, site.Workers).Unwrap();
            _reading.Enqueue(piece);
            await DrainAsync(MostPieces - 1).ConfigureAwait(false);
        }
    }

    /// <summary>Writes the oldest pieces until no more than so many are on their way. Writes begin in the order of the disk.</summary>
    private async ValueTask DrainAsync(int atMost)
    {
        while (_reading.Count + _writing.Count > atMost)
        {
            if (_writing.Count == Writes || _reading.Count == 0)
            {
                var written = _writing.Peek();
                await written.Work.ConfigureAwait(false);
                Seen(written.End);
                deadline.Moved();
                written.Clear();
                _free.Enqueue(_writing.Dequeue());
                continue;
            }

            var piece = _reading.Peek();
            await piece.Work.ConfigureAwait(false);
            deadline.Moved();
            piece.Work = WriteAsync(piece);
            _writing.Enqueue(_reading.Dequeue());
        }
    }

    private async Task WriteAsync(DiskPiece piece) => Interlocked.Add(ref _written, await piece.WriteAsync(target, _token).ConfigureAwait(false));

    // Workers and writes may still use the buffers after a failure: none is given back before its work has ended.
    private async ValueTask ReturnBuffersAsync()
    {
        foreach (var piece in _reading.Concat(_writing))
        {
            await piece.Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            piece.Dispose();
        }

        foreach (var piece in _free)
        {
            piece.Dispose();
        }

        _open?.Dispose();
    }

    private void Seen(long offset)
    {
        progress.AddDone(Math.Max(0, offset - _seen));
        _seen = Math.Max(_seen, offset);
    }
}
