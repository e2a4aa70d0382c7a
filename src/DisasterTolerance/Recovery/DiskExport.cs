using System.Buffers;
using DisasterTolerance.Chunking;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;

namespace DisasterTolerance.Recovery;

/// <summary>Writes one disk of a point to a stream, each chunk checked against its hash. Holds one chunk and one piece of zeros. Thread-safe.</summary>
internal sealed class DiskExport(RecoveryTools tools)
{
    private const int ZeroPiece = 64 << 10;

    public async ValueTask RunAsync(WorkSubject subject, string point, string disk, Stream destination, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(point);
        var row = (await tools.Points.FindAsync(subject.Row, point, cancellationToken).ConfigureAwait(false))!;
        if (!BranchRules.IsUsable(row))
        {
            throw new DisasterToleranceException(
                ErrorCode.NoRecoveryPoint, $"Point {row.Name} of {subject.Label} was removed or is damaged{(row.Damage.Length == 0 ? "" : $" ({row.Damage})")}. Choose another one.");
        }

        var manifest = await tools.Manifests.ReadManifestAsync(row, cancellationToken).ConfigureAwait(false);
        var wanted = manifest.Disks.FirstOrDefault(d => d.Definition.Id == disk)
            ?? throw new DisasterToleranceException(
                ErrorCode.NotFound, $"Point {row.Name} of {subject.Label} has no disk '{disk}'. It has: {string.Join(", ", manifest.Disks.Select(d => d.Definition.Id))}.");
        using var deadline = new ProgressDeadline(tools.Site.Clock, tools.Site.Options.ProgressDeadline, $"Exporting disk '{disk}' of point {row.Name} of {subject.Label}", cancellationToken);
        using var scope = tools.Site.Store.BeginScope();
        scope.Pin(LiveRoot.Tree(wanted.Tree));
        try
        {
            await CopyAsync(manifest.Geometry, wanted, destination, deadline).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (deadline.IsStalled)
        {
            throw deadline.Explain(e);
        }
        catch (DisasterToleranceException e) when (e.Code == ErrorCode.DataDamaged)
        {
            throw new DisasterToleranceException(
                ErrorCode.DataDamaged, $"Disk '{disk}' of point {row.Name} of {subject.Label} cannot be read to its end: {e.Message} Throw away what was written. Use another point, or verify the store to fetch the data from the peer.", innerException: e);
        }
    }

    private async ValueTask CopyAsync(ChunkGeometry geometry, ManifestDisk disk, Stream destination, ProgressDeadline deadline)
    {
        var length = disk.Definition.LengthBytes;
        var chunk = ArrayPool<byte>.Shared.Rent(geometry.ChunkSize);
        try
        {
            long at = 0;
            var tree = new TreeReader(tools.Site.Store, geometry, disk.Tree);
            await foreach (var leaves in tree.LeavesAsync(0, geometry.LeafCount(length), deadline.Token).ConfigureAwait(false))
            {
                for (var i = 0; i < leaves.Length; i++)
                {
                    var leaf = leaves.Span[i];
                    await SkipAsync(destination, (leaf.Position * geometry.ChunkSize) - at, deadline).ConfigureAwait(false);
                    at = leaf.Position * geometry.ChunkSize;
                    var size = (int)Math.Min(geometry.ChunkSize, length - at);
                    var read = await tools.Site.Store.ReadAsync(leaf.Hash, RecordKind.Chunk, chunk.AsMemory(0, geometry.ChunkSize), deadline.Token).ConfigureAwait(false);
                    if (read != geometry.ChunkSize)
                    {
                        throw new DisasterToleranceException(ErrorCode.DataDamaged, $"Chunk {leaf.Position} ({leaf.Hash}) has {read} bytes instead of {geometry.ChunkSize}.");
                    }

                    await destination.WriteAsync(chunk.AsMemory(0, size), deadline.Token).ConfigureAwait(false);
                    at += size;
                    deadline.Moved();
                }
            }

            await SkipAsync(destination, length - at, deadline).ConfigureAwait(false);
            if (destination.CanSeek && destination.Length < destination.Position)
            {
                destination.SetLength(destination.Position);
            }

            await destination.FlushAsync(deadline.Token).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    private static async ValueTask SkipAsync(Stream destination, long zeros, ProgressDeadline deadline)
    {
        // Only behind its present end does a stream read as zeros where it was not written.
        if (destination.CanSeek && destination.Position >= destination.Length)
        {
            destination.Seek(zeros, SeekOrigin.Current);
            return;
        }

        var piece = ArrayPool<byte>.Shared.Rent(ZeroPiece);
        try
        {
            piece.AsSpan(0, ZeroPiece).Clear();
            for (; zeros > 0; zeros -= ZeroPiece)
            {
                await destination.WriteAsync(piece.AsMemory(0, (int)Math.Min(zeros, ZeroPiece)), deadline.Token).ConfigureAwait(false);
                deadline.Moved();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }
}
