using System.Buffers;
using DisasterTolerance.Storage;

namespace DisasterTolerance.Store;

/// <summary>Reads and hashes every record, pack by pack.</summary>
internal sealed class Verifier(IStorageProvider storage, StoreLedger ledger, PackInventory inventory, RecordReader reader, TimeProvider time)
{
    public async ValueTask<VerifyReport> VerifyAsync(long bytesPerSecond, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytesPerSecond);
        var damaged = new List<DamagedRecord>();
        var began = time.GetTimestamp();
        long records = 0, bytes = 0;
        foreach (var pack in ledger.SnapshotPacks())
        {
            var entries = await inventory.ListAsync(pack, cancellationToken).ConfigureAwait(false);
            var bad = new List<(PackEntry, string)>();
            using var window = new PackWindow(storage, pack.Name, pack.IsSealed ? pack.SealedLength : pack.DurableLength);
            foreach (var entry in entries)
            {
                if (!IsToBeRead(pack, entry))
                {
                    continue;
                }

                if (await FindFaultAsync(window, entry, cancellationToken).ConfigureAwait(false) is { } fault)
                {
                    bad.Add((entry, fault));
                }

                records++;
                bytes += entry.Length;
                if (bytesPerSecond > 0)
                {
                    await HoldBackAsync(began, bytes, bytesPerSecond, cancellationToken).ConfigureAwait(false);
                }
            }

            if (bad.Count > 0)
            {
                damaged.AddRange(await reader.DropAsync(pack, bad, cancellationToken).ConfigureAwait(false));
            }
        }

        return new VerifyReport(records, bytes, damaged);
    }

    private bool IsToBeRead(PackState pack, PackEntry entry)
    {
        lock (ledger.Gate)
        {
            return entry.Offset + entry.Length <= pack.DurableLength
                && ledger.FindLocked(entry.Hash) .IsAt(pack.Sequence, entry);
        }
    }

    private async ValueTask<string?> FindFaultAsync(PackWindow window, PackEntry entry, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> record;
        try
        {
            record = await window.GetAsync(entry.Offset, entry.Length, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException error) when (error.Code == ErrorCode.BlobNotFound)
        {
            return "its pack is gone";
        }

        if (record.Length < entry.Length)
        {
            return RecordFaults.Describe(RecordFault.Truncated);
        }

        var fault = RecordFormat.Check(record.Span, out var header);
        if (fault == RecordFault.None)
        {
            var raw = ArrayPool<byte>.Shared.Rent(header.RawLength);
            try
            {
                fault = header.Hash != entry.Hash || header.Kind != entry.Kind
                    ? RecordFault.Hash
                    : await reader.DecodeAsync(record, header, raw, mayDrop: false, cancellationToken).ConfigureAwait(false);
            }
            catch (DisasterToleranceException error) when (error.Code == ErrorCode.DataDamaged)
            {
                // The patch itself is as it was written. Its base is reported in its own place, and with it the points that both hurt; a base that a sweep took away belongs to a patch that is garbage too.
                return null;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(raw);
            }
        }

        return fault == RecordFault.None ? null : RecordFaults.Describe(fault);
    }

    private async ValueTask HoldBackAsync(long began, long bytes, long bytesPerSecond, CancellationToken cancellationToken)
    {
        var ahead = TimeSpan.FromSeconds(bytes / (double)bytesPerSecond) - time.GetElapsedTime(began);
        if (ahead > TimeSpan.FromMilliseconds(100))
        {
            await Task.Delay(ahead, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
