using System.Buffers;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Links;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;

namespace DisasterTolerance.Shipping;

/// <summary>
/// Serves one data connection of a session. A leaf is settled when its record is verified and in the store; a checkpoint makes all settled leaves durable as a mixed tree and then acknowledges them.
/// Used once; not thread-safe.
/// </summary>
internal sealed class ReceiveSession(SiteContext site, MachineDirectory machines, SessionRow session, PointManifest manifest, IDataChannel channel, ProgressDeadline deadline)
{
    private const long CheckpointBytes = 8 << 20;
    private const int MostPendingLeaves = 64 * ShipFrames.OfferLeaves;

    private readonly ChunkGeometry _geometry = manifest.Geometry;
    private readonly TreeWriter?[] _trees = new TreeWriter?[manifest.Disks.Count];
    private readonly long[] _watermarks = [.. session.Disks.Select(d => d.Watermark)];
    private readonly long[] _offered = new long[manifest.Disks.Count];
    private readonly Queue<(int Disk, Leaf Leaf)> _pending = new();
    private readonly ContentHash[] _bases = new ContentHash[ShipFrames.OfferLeaves];

    // The records that were asked for, each with the base on which it may be a patch.
    private readonly Dictionary<ContentHash, ContentHash> _awaited = [];
    private SessionRow _session = session;
    private long _sinceCheckpoint;
    private bool _settledSinceCheckpoint;

    private CancellationToken Token => deadline.Token;

    public async ValueTask RunAsync()
    {
        using var scope = site.Store.BeginScope();
        var intake = new RecordIntake(scope, site.Workers, ArrayPool<byte>.Shared);
        await using var closing = intake.ConfigureAwait(false);
        foreach (var disk in _session.Disks)
        {
            scope.Pin(LiveRoot.Tree(new DiskTree(disk.Root, disk.Depth)));
        }

        try
        {
            await ServeAsync(scope, intake).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException || e is DisasterToleranceException { Code: ErrorCode.LinkLost })
        {
            // What had come is worth keeping whatever ended the connection; the limit keeps a slow store from holding up a stop.
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), site.Clock);
            if (await SettleRestAsync(scope, intake, limit.Token).ConfigureAwait(false))
            {
                await SaveAsync(scope, limit.Token).ConfigureAwait(false);
            }

            throw;
        }
    }

    private async ValueTask ServeAsync(IStoreScope scope, RecordIntake intake)
    {
        while (true)
        {
            var frame = await channel.ReadAsync(Token).ConfigureAwait(false)
                ?? throw new DisasterToleranceException(ErrorCode.LinkLost, "The sender ended the session before it was finished. It goes on with the sender's next connection.", isTransient: true);
            deadline.Moved();
            switch (frame.Type)
            {
                case DataFrameType.Offer:
                    await AnswerAsync(scope, frame).ConfigureAwait(false);
                    break;
                case DataFrameType.Record:
                    await TakeAsync(intake, frame).ConfigureAwait(false);
                    break;
                case DataFrameType.Finish:
                    await TakeAllAsync(intake).ConfigureAwait(false);
                    await SettleAsync(scope, Token).ConfigureAwait(false);
                    await FinishAsync(scope).ConfigureAwait(false);
                    return;
                default:
                    ShipFrames.Demand(false, $"a frame of type {frame.Type} came from the sender");
                    break;
            }

            while (intake.IsReady)
            {
                await TakeOldestAsync(intake).ConfigureAwait(false);
            }

            await SettleAsync(scope, Token).ConfigureAwait(false);
            if (_sinceCheckpoint >= CheckpointBytes)
            {
                await SaveAsync(scope, Token).ConfigureAwait(false);
                await AcknowledgeAsync().ConfigureAwait(false);
            }
        }
    }

    private async ValueTask AnswerAsync(IStoreScope scope, DataFrame frame)
    {
        var (offer, disk, count) = ShipFrames.ReadOfferHeader(frame.Header.Span);
        ShipFrames.ReadBases(frame.Body.Span, count, channel.Version, _bases);
        ShipFrames.Demand(disk < _trees.Length, "an offer names a disk that the manifest does not have");
        ShipFrames.Demand(_pending.Count + count <= MostPendingLeaves, "too many offers at once");
        var leaves = _geometry.LeafCount(manifest.Disks[disk].Definition.LengthBytes);
        var lacked = new byte[ShipFrames.AnswerBytes(count, channel.Version)];
        for (var i = 0; i < count; i++)
        {
            var leaf = ShipFrames.ReadLeaf(frame.Body.Span, i);
            ShipFrames.Demand(leaf.Position >= _offered[disk] && leaf.Position < long.MaxValue, "an offer goes backwards or beyond all numbers");
            ShipFrames.Demand(leaf.Position < leaves || leaf.Hash.IsZero, "an offer goes beyond the disk's end");
            _offered[disk] = leaf.Position + 1;
            if (leaf.Position >= leaves || leaf.Position < _watermarks[disk])
            {
                // Beyond the end of a disk that shrank the new tree has nothing anyway. Below the watermark all is settled: the sender began before the last connection's final checkpoint was saved.
                continue;
            }

            if (!_awaited.ContainsKey(leaf.Hash) && !scope.TryHold(leaf.Hash))
            {
                var asPatch = !_bases[i].IsZero && scope.TryHoldBase(_bases[i], RecordKind.Chunk);
                _awaited.Add(leaf.Hash, asPatch ? _bases[i] : ContentHash.Zero);
                ShipFrames.SetLacked(lacked, count, i, asPatch);
            }

            _pending.Enqueue((disk, leaf));
        }

        var header = new byte[ShipFrames.OfferHeaderBytes];
        ShipFrames.WriteOfferHeader(header, offer, disk, count);
        await channel.WriteAsync(DataFrameType.Answer, header, lacked, Token).ConfigureAwait(false);
        await channel.FlushAsync(Token).ConfigureAwait(false);
    }

    private async ValueTask TakeAsync(RecordIntake intake, DataFrame frame)
    {
        if (RecordHeader.Read(frame.Body.Span, out var header) == RecordFault.None && header.IsPatch && header.TotalLength == frame.Body.Length)
        {
            ShipFrames.Demand(
                _awaited.TryGetValue(header.Hash, out var patchOn) && patchOn == header.BaseOf(frame.Body.Span), "a patch came that was not asked for, or on another base than was offered");
        }

        while (intake.IsFullFor(frame.Body.Length))
        {
            await TakeOldestAsync(intake).ConfigureAwait(false);
        }

        intake.Add(frame.Body, Token);
    }

    private async ValueTask TakeAllAsync(RecordIntake intake)
    {
        while (!intake.IsEmpty)
        {
            await TakeOldestAsync(intake).ConfigureAwait(false);
        }
    }

    private async ValueTask TakeOldestAsync(RecordIntake intake)
    {
        var (added, length) = await intake.TakeAsync().ConfigureAwait(false);
        ShipFrames.Demand(_awaited.Remove(added.Hash), "a record came that was not asked for");
        _sinceCheckpoint += length;
    }

    /// <summary>After the connection ended: settles what had come before.</summary>
    /// <returns>Whether there is something to save.</returns>
    private async ValueTask<bool> SettleRestAsync(IStoreScope scope, RecordIntake intake, CancellationToken cancellationToken)
    {
        try
        {
            await TakeAllAsync(intake).ConfigureAwait(false);
            await SettleAsync(scope, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or DisasterToleranceException)
        {
            // What came after the first record that could not be stored is sent again; the reason why the connection ended is the one to tell.
            return _settledSinceCheckpoint;
        }

        return _settledSinceCheckpoint;
    }

    /// <summary>Sets the leaves at the head of the queue whose records are there.</summary>
    private async ValueTask SettleAsync(IStoreScope scope, CancellationToken cancellationToken)
    {
        while (_pending.TryPeek(out var next) && !_awaited.ContainsKey(next.Leaf.Hash))
        {
            var tree = await TreeAsync(scope, next.Disk, cancellationToken).ConfigureAwait(false);
            await tree.SetAsync(next.Leaf.Position, next.Leaf.Hash, cancellationToken).ConfigureAwait(false);
            _watermarks[next.Disk] = next.Leaf.Position + 1;
            _settledSinceCheckpoint = true;
            _pending.Dequeue();
        }
    }

    private async ValueTask<TreeWriter> TreeAsync(IStoreScope scope, int disk, CancellationToken cancellationToken)
    {
        if (_trees[disk] is { } open)
        {
            return open;
        }

        var leaves = _geometry.LeafCount(manifest.Disks[disk].Definition.LengthBytes);
        var from = _session.Disks[disk];
        return _trees[disk] = await TreeWriter.BeginAsync(site.Store, scope, _geometry, new DiskTree(from.Root, from.Depth), leaves, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask SaveAsync(IStoreScope scope, CancellationToken cancellationToken)
    {
        var disks = _session.Disks.ToArray();
        for (var i = 0; i < disks.Length; i++)
        {
            if (_trees[i] is { } tree && _watermarks[i] > disks[i].Watermark)
            {
                var mixed = await tree.CheckpointAsync(cancellationToken).ConfigureAwait(false);
                disks[i] = disks[i] with { Watermark = _watermarks[i], Root = mixed.Root, Depth = mixed.Depth };
            }
        }

        await scope.FlushAsync(cancellationToken).ConfigureAwait(false);
        var saved = _session with { Disks = disks, Expires = site.Now + site.Options.SessionLease };
        await site.Catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.PutSession(saved)), cancellationToken).ConfigureAwait(false);
        _session = saved with { RowVersion = saved.RowVersion + 1 };
        _sinceCheckpoint = 0;
        _settledSinceCheckpoint = false;
    }

    private async ValueTask AcknowledgeAsync()
    {
        for (var i = 0; i < _watermarks.Length; i++)
        {
            var header = new byte[ShipFrames.AckHeaderBytes];
            ShipFrames.WriteAck(header, i, _session.Disks[i].Watermark);
            await channel.WriteAsync(DataFrameType.Ack, header, ReadOnlyMemory<byte>.Empty, Token).ConfigureAwait(false);
        }

        await channel.FlushAsync(Token).ConfigureAwait(false);
    }

    private async ValueTask FinishAsync(IStoreScope scope)
    {
        ShipFrames.Demand(_pending.Count == 0 && _awaited.Count == 0, "the sender finished before it had sent everything");
        for (var i = 0; i < _trees.Length; i++)
        {
            var tree = await TreeAsync(scope, i, Token).ConfigureAwait(false);
            if (await tree.FinishAsync(Token).ConfigureAwait(false) != manifest.Disks[i].Tree)
            {
                throw new DisasterToleranceException(
                    ErrorCode.DataDamaged,
                    $"Point {manifest.Name}: disk '{manifest.Disks[i].Definition.Id}' came out different from what its manifest says. The point was not taken; everything is compared next time.",
                    isTransient: true);
            }
        }

        var hash = await scope.CommitManifestAsync(manifest, Token).ConfigureAwait(false);
        await CommitAsync(hash, scope.AddedBytes).ConfigureAwait(false);
        site.Events.Publish(SiteEventKind.PointCommitted, $"Point {manifest.Name} of machine '{manifest.Definition.Name}' was received.", manifest.Machine);
        await channel.WriteAsync(DataFrameType.Result, ReadOnlyMemory<byte>.Empty, ReadOnlyMemory<byte>.Empty, Token).ConfigureAwait(false);
        await channel.CompleteAsync(Token).ConfigureAwait(false);
        ShipFrames.Demand(await channel.ReadAsync(Token).ConfigureAwait(false) is null, "a frame came after the end");
    }

    private async ValueTask CommitAsync(ContentHash hash, long addedBytes)
    {
        var replaced = await site.Catalog.FindPointAsync(manifest.Point, site.Uuid, Token).ConfigureAwait(false);
        await machines.UpdateWithAsync(
            manifest.Machine,
            row => row.Ownership.Owner != _session.Sender
                ? throw new DisasterToleranceException(
                    ErrorCode.NotOwner, $"Machine '{row.Name}' got another owner while point {manifest.Name} was received, so the point was not taken. The sites compare their facts when they meet.", isTransient: true)
                : row with
                {
                    ChunkSize = _geometry.ChunkSize,
                    FanOut = _geometry.FanOut,
                    LastSequence = Math.Max(row.LastSequence, manifest.Sequence),
                    Own = Holding(row, addedBytes, replaced is null),
                },
            async (row, batch) =>
            {
                replaced = await site.Catalog.FindPointAsync(manifest.Point, site.Uuid, Token).ConfigureAwait(false);
                batch.Add(new CatalogChange.PutPoint(Replacing(replaced, PointRows.FromManifest(manifest, hash, site.Uuid)) with { AddedBytes = addedBytes, FactsVersion = row.FactsVersion }))
                    .Add(new CatalogChange.DeleteSession(_session.Uuid));
            },
            Token).ConfigureAwait(false);
    }

    // A damaged point that comes again stays pinned and in grace.
    private static PointRow Replacing(PointRow? old, PointRow row) =>
        old is null ? row : row with { Pinned = row.Pinned || old.Pinned, GraceUntil = old.GraceUntil, RowVersion = old.RowVersion };

    // An older point that is shipped late must not pass for the newest.
    private HoldingFacts Holding(MachineRow row, long addedBytes, bool isNew)
    {
        var own = row.Own with { Bytes = row.Own.Bytes + addedBytes, Count = row.Own.Count + (isNew ? 1 : 0), Learnt = site.Now };
        return own.LastPointBegan is { } newest && newest > manifest.Began
            ? own
            : own with { LastPointName = manifest.Name, LastPointBegan = manifest.Began, LastPointCommitted = manifest.Committed };
    }
}
