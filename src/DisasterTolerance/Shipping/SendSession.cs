using System.Buffers;
using System.Threading.Channels;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Links;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;

namespace DisasterTolerance.Shipping;

/// <summary>
/// Sends one point: begin → (offer → answer → records)* → finish → result. One loop sends, one reads; at most <see cref="Window"/> offers wait for their answers, so memory is bounded. Used once.
/// </summary>
internal sealed class SendSession(
    SiteContext site, PointDirectory points, IPeerLink link, MachineRow machine, PointRow point, IReadOnlyList<PointRow> bases, ProgressDeadline deadline, ProgressBoard.Entry progress)
{
    private const int Window = 4;

    private readonly Queue<PendingOffer> _window = new();
    private readonly Channel<(uint Offer, byte[] Lacked)> _answers = Channel.CreateBounded<(uint, byte[])>(new BoundedChannelOptions(Window + 1) { SingleReader = true, SingleWriter = true });
    private uint _offers;
    private int _recordBytes;

    /// <summary>Chunks sent.</summary>
    public long Chunks { get; private set; }

    /// <summary>Bytes written to the data connection, TLS included.</summary>
    public long WireBytes { get; private set; }

    private CancellationToken Token => deadline.Token;

    public async ValueTask RunAsync()
    {
        using var scope = site.Store.BeginScope();
        await PinAsync(scope, point).ConfigureAwait(false);
        var manifest = await points.ReadManifestAsync(point, Token).ConfigureAwait(false);
        _recordBytes = RecordFormat.MaxLength(manifest.Geometry.ChunkSize);
        var begin = new ShipBegin(machine.Uuid, point.Uuid, machine.Ownership.Number, ManifestCodec.Write(manifest), [.. bases.Select(b => b.Uuid)]);
        var ready = await link.CallAsync(ShipMethods.Begin, begin, Token).ConfigureAwait(false);
        deadline.Moved();
        if (ready.AlreadyHeld)
        {
            return;
        }

        ShipFrames.Demand(ready.Watermarks.Count == manifest.Disks.Count && ready.Watermarks.All(mark => mark >= 0), "the receiver speaks of other disks");
        var chosen = ready.Base is { } id
            ? bases.FirstOrDefault(b => b.Uuid == id) ?? throw Unexpected($"the receiver chose the base {id}, which was not offered")
            : null;
        if (chosen is not null)
        {
            await PinAsync(scope, chosen).ConfigureAwait(false);
        }

        var basis = chosen is null ? null : await points.ReadManifestAsync(chosen, Token).ConfigureAwait(false);
        var channel = await link.OpenDataAsync(ready.Session, Token).ConfigureAwait(false);
        await using (channel.ConfigureAwait(false))
        {
            try
            {
                await ExchangeAsync(channel, manifest, basis, ready.Watermarks).ConfigureAwait(false);
            }
            finally
            {
                WireBytes = channel.BytesWritten;
                progress.AddWire(WireBytes);
                while (_window.TryDequeue(out var left))
                {
                    Return(left);
                }
            }
        }
    }

    /// <summary>Pins a point and looks whether it is still there: from then on no sweep takes it away.</summary>
    private async ValueTask PinAsync(IStoreScope scope, PointRow row)
    {
        scope.Pin(LiveRoot.Manifest(row.Manifest));
        if (await site.Catalog.FindPointAsync(row.Uuid, site.Uuid, Token).ConfigureAwait(false) is not { Removed: null })
        {
            throw new DisasterToleranceException(
                ErrorCode.NoRecoveryPoint, $"Point {row.Name} of machine '{machine.Name}' was removed before it was shipped. The next shipment goes on without it.", isTransient: true);
        }
    }

    private async ValueTask ExchangeAsync(IDataChannel channel, PointManifest manifest, PointManifest? basis, IReadOnlyList<long> watermarks)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var reading = ReadAsync(channel, new long[manifest.Disks.Count], ended.Token);
        try
        {
            await SendAsync(channel, manifest, basis, watermarks, ended.Token).ConfigureAwait(false);
        }
        catch (ChannelClosedException e) when (e.InnerException is not null)
        {
            // The reader knows why the session ended; the closed queue is only how this loop heard of it.
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerException);
        }
        catch (DisasterToleranceException e) when (e.Code == ErrorCode.LinkLost && reading.IsFaulted)
        {
            // A receiver that refuses closes the connection: its own words say more than the broken pipe.
            await reading.ConfigureAwait(false);
            throw;
        }
        finally
        {
            if (!reading.IsCompleted)
            {
                await ended.CancelAsync().ConfigureAwait(false);
                await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async ValueTask SendAsync(IDataChannel channel, PointManifest manifest, PointManifest? basis, IReadOnlyList<long> watermarks, CancellationToken cancellationToken)
    {
        for (var disk = 0; disk < manifest.Disks.Count; disk++)
        {
            var now = manifest.Disks[disk];
            var old = basis?.Disks.FirstOrDefault(d => d.Definition.Id == now.Definition.Id)?.Tree ?? new DiskTree(ContentHash.Zero, now.Tree.Depth);
            var changes = TreeDiff.WalkAsync(site.Store, old, site.Store, now.Tree, manifest.Geometry, watermarks[disk], cancellationToken);
            await foreach (var batch in changes.ConfigureAwait(false))
            {
                await OfferAsync(channel, disk, batch, cancellationToken).ConfigureAwait(false);
                if (_window.Count >= Window)
                {
                    await SettleAsync(channel, cancellationToken).ConfigureAwait(false);
                }
            }
        }

        while (_window.Count > 0)
        {
            await SettleAsync(channel, cancellationToken).ConfigureAwait(false);
        }

        await channel.WriteAsync(DataFrameType.Finish, ReadOnlyMemory<byte>.Empty, ReadOnlyMemory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        await channel.CompleteAsync(cancellationToken).ConfigureAwait(false);

        // The reader closes the queue when the result is there, and with an error otherwise.
        if (await _answers.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            throw Unexpected("an answer came to no offer");
        }
    }

    private async ValueTask OfferAsync(IDataChannel channel, int disk, ReadOnlyMemory<LeafChange> batch, CancellationToken cancellationToken)
    {
        var hashes = ArrayPool<ContentHash>.Shared.Rent(batch.Length);
        var bases = ArrayPool<ContentHash>.Shared.Rent(batch.Length);
        var body = ArrayPool<byte>.Shared.Rent(ShipFrames.MaxOfferBytes(batch.Length));
        var header = new byte[ShipFrames.OfferHeaderBytes];
        try
        {
            for (var i = 0; i < batch.Length; i++)
            {
                hashes[i] = batch.Span[i].New;
                ShipFrames.WriteLeaf(body, i, new Leaf(batch.Span[i].Position, hashes[i]));
            }

            ShipFrames.WriteOfferHeader(header, ++_offers, disk, batch.Length);
            _window.Enqueue(new PendingOffer(_offers, hashes, bases, batch.Length));
            var length = batch.Length * ShipFrames.LeafBytes;
            if (channel.Version >= ShipFrames.PatchVersion)
            {
                site.Store.FindBases(hashes.AsSpan(0, batch.Length), bases);
                length = ShipFrames.WriteBases(body, bases.AsSpan(0, batch.Length));
            }

            await channel.WriteAsync(DataFrameType.Offer, header, body.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            await channel.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(body);
        }
    }

    /// <summary>Waits for the answer to the oldest offer and sends what the receiver lacks.</summary>
    private async ValueTask SettleAsync(IDataChannel channel, CancellationToken cancellationToken)
    {
        var (offer, lacked) = await _answers.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        var pending = _window.Peek();
        ShipFrames.Demand(offer == pending.Number && lacked.Length == ShipFrames.AnswerBytes(pending.Count, channel.Version), "an answer does not fit its offer");
        await SendLackedAsync(channel, pending, lacked, cancellationToken).ConfigureAwait(false);
        await channel.FlushAsync(cancellationToken).ConfigureAwait(false);
        Return(_window.Dequeue());
    }

    private async ValueTask SendLackedAsync(IDataChannel channel, PendingOffer pending, byte[] lacked, CancellationToken cancellationToken)
    {
        // What is sent moves to the front of the offer's own arrays, in its order.
        var (hashes, bases, count) = (pending.Hashes, pending.Bases, 0);
        for (var i = 0; i < pending.Count; i++)
        {
            if (ShipFrames.IsLacked(lacked, i))
            {
                (hashes[count], bases[count]) = (hashes[i], ShipFrames.MayBePatch(lacked, pending.Count, i) ? bases[i] : ContentHash.Zero);
                count++;
            }
        }

        var records = new RecordReadAhead(site.Store, site.Workers, hashes.AsMemory(0, count), ArrayPool<byte>.Shared);
        await using (records.ConfigureAwait(false))
        {
            for (var i = 0; i < count; i++)
            {
                var record = await records.GetAsync(i, cancellationToken).ConfigureAwait(false);
                await SendRecordAsync(channel, hashes[i], bases[i], record, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static void Return(PendingOffer offer)
    {
        ArrayPool<ContentHash>.Shared.Return(offer.Hashes);
        ArrayPool<ContentHash>.Shared.Return(offer.Bases);
    }

    /// <param name="channel">Where to.</param>
    /// <param name="hash">The record's name.</param>
    /// <param name="patchOn">The base on which the receiver takes a patch; zero if it takes none.</param>
    /// <param name="ready">The record as it was read ahead; empty if it was not.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    private async ValueTask SendRecordAsync(IDataChannel channel, ContentHash hash, ContentHash patchOn, ReadOnlyMemory<byte> ready, CancellationToken cancellationToken)
    {
        if (RecordHeader.Read(ready.Span, out var header) == RecordFault.None && (!header.IsPatch || header.BaseOf(ready.Span) == patchOn))
        {
            await SendAsync(channel, ready, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (site.Store.StoredLength(hash) < 0)
        {
            throw new DisasterToleranceException(
                ErrorCode.DataDamaged, $"Point {point.Name} of machine '{machine.Name}' needs record {hash}, which the store of site '{site.Name}' does not have. Verify the store; the next run captures it again.");
        }

        var buffer = ArrayPool<byte>.Shared.Rent(_recordBytes);
        try
        {
            var read = await ReadAsync(hash, patchOn, buffer, cancellationToken).ConfigureAwait(false);
            await SendAsync(channel, buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask SendAsync(IDataChannel channel, ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
    {
        await channel.WriteAsync(DataFrameType.Record, ReadOnlyMemory<byte>.Empty, record, cancellationToken).ConfigureAwait(false);
        Chunks++;
        progress.AddDone(record.Length);
        deadline.Moved();
    }

    private async ValueTask<int> ReadAsync(ContentHash hash, ContentHash patchOn, byte[] buffer, CancellationToken cancellationToken)
    {
        if (!patchOn.IsZero)
        {
            var read = await site.Store.ReadStoredAsync(hash, buffer, cancellationToken).ConfigureAwait(false);
            RecordHeader.Read(buffer.AsSpan(0, read), out var header);

            // Between offer and answer it may have been stored anew.
            if (!header.IsPatch || header.BaseOf(buffer) == patchOn)
            {
                return read;
            }
        }

        return await site.Store.ReadFullAsync(hash, buffer, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Hands answers to the sending loop. Ends without error only after the receiver's result.</summary>
    private async Task ReadAsync(IDataChannel channel, long[] acknowledged, CancellationToken cancellationToken)
    {
        var isDone = false;
        try
        {
            while (await channel.ReadAsync(cancellationToken).ConfigureAwait(false) is { } frame)
            {
                switch (frame.Type)
                {
                    case DataFrameType.Answer:
                        deadline.Moved();
                        var (offer, _, _) = ShipFrames.ReadOfferHeader(frame.Header.Span);
                        await _answers.Writer.WriteAsync((offer, frame.Body.ToArray()), cancellationToken).ConfigureAwait(false);
                        break;
                    case DataFrameType.Ack:
                        var (disk, watermark) = ShipFrames.ReadAck(frame.Header.Span);
                        ShipFrames.Demand(disk < acknowledged.Length, "a disk was acknowledged that the point does not have");
                        if (watermark > acknowledged[disk])
                        {
                            acknowledged[disk] = watermark;
                            deadline.Moved();
                        }

                        break;
                    case DataFrameType.Result:
                        isDone = true;
                        break;
                    default:
                        throw Unexpected($"a frame of type {frame.Type} came from the receiver");
                }
            }

            if (!isDone)
            {
                throw new DisasterToleranceException(ErrorCode.LinkLost, $"Site '{link.PeerName}' ended the session without a result. It is taken up again by the next run.", isTransient: true);
            }

            _answers.Writer.Complete();
        }
        catch (Exception e)
        {
            _answers.Writer.TryComplete(e);
            throw;
        }
    }

    private static DisasterToleranceException Unexpected(string what) =>
        new(ErrorCode.ProtocolViolation, $"The peer broke the ship session's rules: {what}. The session ends; look for different releases on the two sites.");

    private readonly record struct PendingOffer(uint Number, ContentHash[] Hashes, ContentHash[] Bases, int Count);
}
