using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Store;

namespace DisasterTolerance.Simulation.Plants;

/// <summary>A scope that passes everything on; a planted mistake overrides what it does wrong.</summary>
internal class ScopeDecorator(IStoreScope inner) : IStoreScope
{
    public long AddedBytes => inner.AddedBytes;

    public virtual bool TryHold(ContentHash hash) => inner.TryHold(hash);

    public void TryHold(ReadOnlySpan<ContentHash> hashes, Span<bool> held)
    {
        for (var i = 0; i < hashes.Length; i++)
        {
            held[i] = TryHold(hashes[i]);
        }
    }

    public bool TryHoldBase(ContentHash hash, RecordKind kind) => inner.TryHoldBase(hash, kind);

    public virtual void Pin(LiveRoot root) => inner.Pin(root);

    public virtual ValueTask<int> AppendAsync(RecordKind kind, ContentHash hash, ReadOnlyMemory<byte> raw, CompressionMode mode, CancellationToken cancellationToken) =>
        inner.AppendAsync(kind, hash, raw, mode, cancellationToken);

    public ValueTask<int> AppendAsync(RecordKind kind, ContentHash hash, ReadOnlyMemory<byte> raw, ContentHash previous, CompressionMode mode, CancellationToken cancellationToken) =>
        inner.AppendAsync(kind, hash, raw, previous, mode, cancellationToken);

    public virtual ValueTask<AppendedRecord> AppendStoredAsync(ReadOnlyMemory<byte> record, RecordKind kind, CancellationToken cancellationToken) =>
        inner.AppendStoredAsync(record, kind, cancellationToken);

    public virtual ValueTask<int> AppendNodeAsync(ContentHash node, ReadOnlyMemory<byte> content, ContentHash previous, CancellationToken cancellationToken) =>
        inner.AppendNodeAsync(node, content, previous, cancellationToken);

    public virtual ValueTask FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public virtual ValueTask<ContentHash> CommitManifestAsync(PointManifest manifest, CancellationToken cancellationToken) => inner.CommitManifestAsync(manifest, cancellationToken);

    public virtual void Dispose() => inner.Dispose();
}
