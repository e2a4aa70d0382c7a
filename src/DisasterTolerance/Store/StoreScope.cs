using System.Buffers;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;

namespace DisasterTolerance.Store;

/// <summary>See <see cref="IStoreScope"/>.</summary>
internal sealed class StoreScope : IStoreScope
{
    private readonly StoreLedger _ledger;
    private readonly PackWriter _writer;
    private readonly List<LiveRoot> _roots = [];
    private Exception? _lost;
    private long _addedBytes;

    public StoreScope(StoreLedger ledger, PackWriter writer)
    {
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

    public async ValueTask<int> AppendAsync(
        RecordKind kind, ContentHash hash, ReadOnlyMemory<byte> raw, CompressionMode mode, CancellationToken cancellationToken)
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
            var length = RecordFormat.Encode(kind, hash, raw.Span, mode, buffer);
            return Stage(buffer.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public ValueTask<int> AppendNodeAsync(ContentHash node, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        AppendAsync(RecordKind.Node, node, content, CompressionMode.Off, cancellationToken);

    public async ValueTask<AppendedRecord> AppendStoredAsync(ReadOnlyMemory<byte> record, RecordKind kind, CancellationToken cancellationToken)
    {
        var header = Verify(record.Span, kind);
        if (TryHold(header.Hash))
        {
            return new AppendedRecord(header.Hash, 0);
        }

        await _writer.MakeRoomAsync(cancellationToken).ConfigureAwait(false);
        return new AppendedRecord(header.Hash, Stage(record.Span));
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

    private static RecordHeader Verify(ReadOnlySpan<byte> record, RecordKind kind)
    {
        var fault = RecordFormat.Check(record, out var header);
        if (fault == RecordFault.None && header.Kind != kind)
        {
            throw new DisasterToleranceException(
                ErrorCode.DataDamaged, $"Record {header.Hash} was sent as a {header.Kind} where a {kind} was asked for. Nothing was stored.");
        }

        if (fault == RecordFault.None)
        {
            var raw = ArrayPool<byte>.Shared.Rent(header.RawLength);
            try
            {
                fault = RecordFormat.Decode(record, header, raw);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(raw);
            }
        }

        if (fault != RecordFault.None)
        {
            var code = fault == RecordFault.UnknownFormat ? ErrorCode.FormatVersion : ErrorCode.DataDamaged;
            throw new DisasterToleranceException(code, $"A record of {record.Length} bytes cannot be stored: {RecordFaults.Describe(fault)}. Nothing was stored; have it sent again.");
        }

        return header;
    }

    private int Stage(ReadOnlySpan<byte> record)
    {
        RecordHeader.Read(record, out var header);
        lock (_ledger.Gate)
        {
            ThrowIfLostLocked();
            if (TryHoldLocked(header.Hash))
            {
                return 0;
            }

            _ledger.SetLocked(header.Hash, _writer.StageLocked(record, header));
            Pins.Add(header.Hash);
        }

        Interlocked.Add(ref _addedBytes, record.Length);
        return record.Length;
    }

    private bool TryHoldLocked(ContentHash hash)
    {
        if (_ledger.FindLocked(hash).IsNowhere)
        {
            return false;
        }

        Pins.Add(hash);
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
