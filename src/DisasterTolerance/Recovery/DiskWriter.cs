using System.Buffers;
using System.Threading.Channels;
using DisasterTolerance.Capture;
using DisasterTolerance.Chunking;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Makes one target disk equal to one disk of a point. One reader walks the tree's leaves and the disk's extents side by side in ascending order and hands out what has to be looked at; a few writers
/// compare and write. Holds one buffer of a chunk per writer and a few entries in between, whatever the disk's size. Used once; not thread-safe.
/// </summary>
internal sealed class DiskWriter(SiteContext site, ITargetDisk target, ChunkGeometry geometry, ManifestDisk disk, ProgressDeadline deadline, ProgressBoard.Entry progress)
{
    private const int Writers = 4;
    private const int Waiting = 16;

    // Zeros are written in pieces of this size at most, so that the deadline sees them move.
    private const long ZeroBytes = 1L << 30;

    private readonly long _length = disk.Definition.LengthBytes;
    private readonly Channel<Piece> _pieces = Channel.CreateBounded<Piece>(new BoundedChannelOptions(Waiting) { SingleWriter = true });
    private long _written;
    private long _seen;

    /// <summary>Bytes written, zeros included; what was there already was left.</summary>
    public long WrittenBytes => Interlocked.Read(ref _written);

    public async ValueTask RunAsync()
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token);
        var writers = new Task[Writers];
        for (var i = 0; i < Writers; i++)
        {
            writers[i] = Task.Factory.StartNew(() => WriteAsync(failed), CancellationToken.None, TaskCreationOptions.DenyChildAttach, site.Workers).Unwrap();
        }

        try
        {
            await HandOutAsync(failed.Token).ConfigureAwait(false);
            Seen(_length);
            _pieces.Writer.Complete();
        }
        catch (Exception e)
        {
            _pieces.Writer.Complete(e);
            await failed.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(writers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            // A writer that failed cancelled the reader: its reason is the one to tell.
            if (e is OperationCanceledException && writers.FirstOrDefault(writer => writer.IsFaulted) is { } cause)
            {
                await cause.ConfigureAwait(false);
            }

            throw;
        }

        await Task.WhenAll(writers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var writer in writers.OrderByDescending(writer => writer.IsFaulted))
        {
            await writer.ConfigureAwait(false);
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
                await _pieces.Writer.WriteAsync(new Piece(leaf.Position, leaf.Hash, isData), token).ConfigureAwait(false);
                Seen(leaf.Position * geometry.ChunkSize);
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

    private async Task WriteAsync(CancellationTokenSource failed)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(geometry.ChunkSize);
        try
        {
            await foreach (var piece in _pieces.Reader.ReadAllAsync(failed.Token).ConfigureAwait(false))
            {
                await WriteAsync(piece, buffer.AsMemory(0, geometry.ChunkSize), failed.Token).ConfigureAwait(false);
                deadline.Moved();
            }
        }
        catch
        {
            await failed.CancelAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask WriteAsync(Piece piece, Memory<byte> chunk, CancellationToken token)
    {
        var offset = piece.Position * geometry.ChunkSize;
        var length = (int)Math.Min(geometry.ChunkSize, _length - offset);
        if (piece.IsData)
        {
            await target.ReadAsync(offset, chunk[..length], token).ConfigureAwait(false);
            chunk.Span[length..].Clear();
            if (ChunkContent.Name(chunk.Span) == piece.Hash)
            {
                return;
            }
        }

        var read = await site.Store.ReadAsync(piece.Hash, RecordKind.Chunk, chunk, token).ConfigureAwait(false);
        if (read != geometry.ChunkSize)
        {
            throw new DisasterToleranceException(
                ErrorCode.DataDamaged, $"Chunk {piece.Position} ({piece.Hash}) has {read} bytes instead of {geometry.ChunkSize}.");
        }

        await target.WriteAsync(offset, chunk[..length], token).ConfigureAwait(false);
        Interlocked.Add(ref _written, length);
    }

    private void Seen(long offset)
    {
        progress.AddDone(Math.Max(0, offset - _seen));
        _seen = Math.Max(_seen, offset);
    }

    private readonly record struct Piece(long Position, ContentHash Hash, bool IsData);
}
