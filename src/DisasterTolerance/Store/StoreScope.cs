using System.Buffers;
using System.Runtime.CompilerServices;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;

namespace DisasterTolerance.Store;

/// <summary>See <see cref="IStoreScope"/>.</summary>
internal sealed partial class StoreScope : IStoreScope
{
    private readonly StoreLedger _ledger;
    private readonly PackWriter _writer;
    private readonly RecordReader _reader;
    private readonly bool _patches;
    private readonly List<LiveRoot> _roots = [];
    private Exception? _lost;
    private long _addedBytes;

    public StoreScope(StoreLedger ledger, PackWriter writer, RecordReader reader, bool patches)
    {
        _reader = reader;
        _patches = patches;
        _ledger = ledger;
        _writer = writer;
        ledger.Enter(this);
    }

    public long AddedBytes => Interlocked.Read(ref _addedBytes);

    /// <summary>What this scope relies on; under the ledger's gate.</summary>
    internal FingerprintSet Pins { get; } = new();

    /// <summary>What this scope keeps as a whole; under the ledger's gate.</summary>
    internal IReadOnlyList<LiveRoot> Roots => _roots;

    public bool TryHold(ContentHash hash)
    {
        lock (_ledger.Gate)
        {
            ThrowIfLostLocked();
            return hash.IsZero || TryHoldLocked(hash);
        }
    }

    public void TryHold(ReadOnlySpan<ContentHash> hashes, Span<bool> held)
    {
        lock (_ledger.Gate)
        {
            ThrowIfLostLocked();
            for (var i = 0; i < hashes.Length; i++)
            {
                held[i] = hashes[i].IsZero || TryHoldLocked(hashes[i]);
            }
        }
    }

    public void Pin(LiveRoot root)
    {
        lock (_ledger.Gate)
        {
            _roots.Add(root);
        }
    }

    public ValueTask<int> AppendAsync(RecordKind kind, ContentHash hash, ReadOnlyMemory<byte> raw, CompressionMode mode, CancellationToken cancellationToken) =>
        AppendAsync(kind, hash, raw, ContentHash.Zero, mode, cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> AppendAsync(
        RecordKind kind, ContentHash hash, ReadOnlyMemory<byte> raw, ContentHash previous, CompressionMode mode, CancellationToken cancellationToken)
    {
        if (raw.Length == 0 || raw.Length > RecordHeader.MaxRawLengthOf(kind) || hash.IsZero)
        {
            throw new ArgumentException($"A {kind} record cannot have {raw.Length} bytes under the name {hash}.", nameof(raw));
        }

        if (TryHold(hash))
        {
            return 0;
        }

        await _writer.MakeRoomAsync(cancellationToken).ConfigureAwait(false);
        var buffer = ArrayPool<byte>.Shared.Rent(RecordFormat.MaxLength(raw.Length));
        try
        {
            var length = mode == CompressionMode.Off || previous.IsZero || previous == hash
                ? 0
                : await TryEncodePatchAsync(kind, hash, raw, previous, buffer, cancellationToken).ConfigureAwait(false);
            if (length > 0 && TryStage(buffer.AsSpan(0, length)) is { } added)
            {
                return added;
            }

            length = RecordFormat.Encode(kind, hash, raw.Span, mode, buffer);
            return Stage(buffer.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public ValueTask<int> AppendNodeAsync(ContentHash node, ReadOnlyMemory<byte> content, ContentHash previous, CancellationToken cancellationToken) =>
        AppendAsync(RecordKind.Node, node, content, previous, CompressionMode.On, cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<AppendedRecord> AppendStoredAsync(ReadOnlyMemory<byte> record, RecordKind kind, CancellationToken cancellationToken)
    {
        var header = CheckStored(record.Span, kind);
        var raw = ArrayPool<byte>.Shared.Rent(header.RawLength);
        try
        {
            var fault = await _reader.DecodeAsync(record, header, raw, mayDrop: true, cancellationToken).ConfigureAwait(false);
            if (fault != RecordFault.None)
            {
                throw Refused(record.Length, fault);
            }

            if (TryHold(header.Hash))
            {
                return new AppendedRecord(header.Hash, 0);
            }

            await _writer.MakeRoomAsync(cancellationToken).ConfigureAwait(false);
            return new AppendedRecord(header.Hash, TryStage(record.Span) ?? StageFull(header, raw.AsSpan(0, header.RawLength)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(raw);
        }
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        ThrowIfLost();
        await _writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfLost();
    }

    public async ValueTask<ContentHash> CommitManifestAsync(PointManifest manifest, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        var content = ManifestCodec.Write(manifest);
        var hash = ContentHash.Of(content);
        await AppendAsync(RecordKind.Manifest, hash, content, CompressionMode.On, cancellationToken).ConfigureAwait(false);
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        return hash;
    }

    public void Dispose() => _ledger.Leave(this);

    internal void LoseLocked(Exception cause) => _lost ??= cause;

    private RecordHeader CheckStored(ReadOnlySpan<byte> record, RecordKind kind)
    {
        var fault = RecordFormat.Check(record, out var header);
        if (fault != RecordFault.None)
        {
            throw Refused(record.Length, fault);
        }

        if (header.Kind != kind)
        {
            throw new DisasterToleranceException(
                ErrorCode.DataDamaged, $"Record {header.Hash} was sent as a {header.Kind} where a {kind} was asked for. Nothing was stored.");
        }

        return header.IsPatch && !TryHoldBase(header.BaseOf(record), kind)
            ? throw new DisasterToleranceException(
                ErrorCode.DataDamaged, $"Record {header.Hash} was sent as a patch on {header.BaseOf(record)}, which this store does not hold in full. Nothing was stored; have it sent again in full.")
            : header;
    }

    private static DisasterToleranceException Refused(int length, RecordFault fault) => new(
        fault == RecordFault.UnknownFormat ? ErrorCode.FormatVersion : ErrorCode.DataDamaged,
        $"A record of {length} bytes cannot be stored: {RecordFaults.Describe(fault)}. Nothing was stored; have it sent again.");

    private int Stage(ReadOnlySpan<byte> record) => TryStage(record) ?? throw new InvalidOperationException("A full record can always be stored.");

    /// <returns>Bytes added, or null for a patch that must not be stored as one.</returns>
    private int? TryStage(ReadOnlySpan<byte> record)
    {
        RecordHeader.Read(record, out var header);
        lock (_ledger.Gate)
        {
            ThrowIfLostLocked();
            if (TryHoldLocked(header.Hash))
            {
                return 0;
            }

            // Others may have lost the base, or made patches on this content while it was damaged. Depth one is decided here.
            if (header.IsPatch && (!_patches || _ledger.IsBaseLocked(header.Hash) || !TryHoldBaseLocked(header.BaseOf(record), header.Kind)))
            {
                return null;
            }

            var staged = _writer.StageLocked(record, header);
            _ledger.SetLocked(staged.Pack, staged.Entry);
            Pins.Add(header.Hash);
        }

        Interlocked.Add(ref _addedBytes, record.Length);
        return record.Length;
    }

    private bool TryHoldLocked(ContentHash hash)
    {
        if (!_ledger.IsHeldLocked(hash, out var @base))
        {
            return false;
        }

        Pins.Add(hash);
        if (!@base.IsZero)
        {
            Pins.Add(@base);
        }

        return true;
    }

    private void ThrowIfLost()
    {
        lock (_ledger.Gate)
        {
            ThrowIfLostLocked();
        }
    }

    private void ThrowIfLostLocked()
    {
        if (_lost is { } cause)
        {
            var code = (cause as DisasterToleranceException)?.Code ?? ErrorCode.StorageFailed;
            throw new StorageException(
                code, null, $"Records of this work were lost before they were durable: {cause.Message} Repair the cause, then repeat the work; what was acknowledged before is safe.",
                isTransient: code != ErrorCode.StorageFull, cause);
        }
    }
}
