using System.Buffers;
using DisasterTolerance.Storage;

namespace DisasterTolerance.Store;

/// <summary>Reads what a pack holds: by its trailer, or record by record where there is no good trailer. Thread-safe.</summary>
internal static class PackReader
{
    private const int WindowBytes = 1 << 20;

    /// <summary>Reads a sealed pack's trailer.</summary>
    /// <returns>The entries, or null if the trailer is damaged.</returns>
    public static async ValueTask<List<PackEntry>?> ReadTrailerAsync(IStorageProvider storage, string name, long length, CancellationToken cancellationToken)
    {
        if (length < PackFormat.HeaderSize + PackFormat.FooterSize)
        {
            return null;
        }

        var footer = new byte[PackFormat.FooterSize];
        var read = await storage.ReadAsync(name, length - footer.Length, footer, cancellationToken).ConfigureAwait(false);
        if (read < footer.Length || !PackFormat.TryReadFooter(footer, length, out var offset, out var count, out var patches, out var checksum))
        {
            return null;
        }

        var bytes = PackFormat.TrailerLength(count, patches) - PackFormat.FooterSize;
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, bytes));
        try
        {
            read = await storage.ReadAsync(name, offset, buffer.AsMemory(0, bytes), cancellationToken).ConfigureAwait(false);
            var entries = new List<PackEntry>(count);
            return read == bytes && Crc32C.Of(buffer.AsSpan(0, bytes)) == checksum
                && PackFormat.TryReadEntries(buffer.AsSpan(0, bytes), count, offset, entries)
                    ? entries
                    : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads a pack's header.</summary>
    /// <exception cref="StorageException"><see cref="ErrorCode.FormatVersion"/> if it is of a later version.</exception>
    public static async ValueTask<PackHeader?> ReadHeaderAsync(IStorageProvider storage, string name, CancellationToken cancellationToken)
    {
        var header = new byte[PackFormat.HeaderSize];
        var read = await storage.ReadAsync(name, 0, header, cancellationToken).ConfigureAwait(false);
        if (!PackFormat.TryReadHeader(header.AsSpan(0, read), out var version, out var store, out var sequence))
        {
            return null;
        }

        return PackFormat.IsReadable(version)
            ? new PackHeader(store, sequence)
            : throw new StorageException(
                ErrorCode.FormatVersion, name, $"Pack {name} has format version {version}; this release reads versions {PackFormat.OldestVersion} to {PackFormat.Version}. Use a release that knows it.");
    }

    /// <summary>
    /// Reads a pack record by record and verifies each hash; of a patch, whose base may lie anywhere, the checksum. Behind a bad one it looks for the next good one.
    /// </summary>
    public static async ValueTask<PackScan> ScanAsync(IStorageProvider storage, string name, long length, CancellationToken cancellationToken)
    {
        var entries = new List<PackEntry>();
        var window = new PackWindow(storage, name, Math.Min(length, int.MaxValue));
        var raw = ArrayPool<byte>.Shared.Rent(WindowBytes);
        try
        {
            var position = PackFormat.HeaderSize;
            var goodEnd = PackFormat.HeaderSize;
            long skipped = 0;
            while (true)
            {
                var head = await window.GetAsync(position, RecordHeader.Size, cancellationToken).ConfigureAwait(false);
                if (head.Length < RecordHeader.Size)
                {
                    break;
                }

                if (RecordHeader.Read(head.Span, out var header) == RecordFault.None)
                {
                    if (raw.Length < header.RawLength)
                    {
                        ArrayPool<byte>.Shared.Return(raw);
                        raw = ArrayPool<byte>.Shared.Rent(header.RawLength);
                    }

                    var record = await window.GetAsync(position, header.TotalLength, cancellationToken).ConfigureAwait(false);
                    if (record.Length == header.TotalLength && RecordFormat.Check(record.Span, out header) == RecordFault.None
                        && (header.IsPatch || RecordFormat.Decode(record.Span, header, raw) == RecordFault.None))
                    {
                        entries.Add(new PackEntry(header.Hash, position, header.TotalLength, header.RawLength, header.Kind, header.BaseOf(record.Span)));
                        skipped += position - goodEnd;
                        position += header.TotalLength;
                        goodEnd = position;
                        continue;
                    }
                }

                position = await window.FindMagicAsync(position + 1, cancellationToken).ConfigureAwait(false);
                if (position < 0)
                {
                    break;
                }
            }

            return new PackScan(entries, goodEnd, skipped);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(raw);
            window.Dispose();
        }
    }
}

/// <summary>A pack's header. Immutable.</summary>
internal sealed record PackHeader(Guid Store, long Sequence);

/// <summary>What a scan found. Immutable.</summary>
/// <param name="Entries">The good records in the order of their offsets.</param>
/// <param name="GoodEnd">Where the last good one ends.</param>
/// <param name="SkippedBytes">Bytes before that which belong to no good record.</param>
internal sealed record PackScan(List<PackEntry> Entries, int GoodEnd, long SkippedBytes);
