using System.Buffers;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>Reads manifests out of the store.</summary>
internal static class ManifestReader
{
    /// <summary>Reads and checks a point's manifest.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/> if it is missing, damaged or not a manifest.</exception>
    public static async ValueTask<PointManifest> ReadManifestAsync(this IRecordStore store, ContentHash hash, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(RecordHeader.MaxRawLength);
        try
        {
            var length = await store.ReadAsync(hash, RecordKind.Manifest, buffer, cancellationToken).ConfigureAwait(false);
            return ManifestCodec.Read(buffer.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
