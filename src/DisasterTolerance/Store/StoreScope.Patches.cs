using System.Buffers;
using System.Runtime.CompilerServices;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;

namespace DisasterTolerance.Store;

/// <summary>Patches: which base they get, and whether they are worth it.</summary>
internal sealed partial class StoreScope
{
    public bool TryHoldBase(ContentHash hash, RecordKind kind)
    {
        lock (_ledger.Gate)
        {
            ThrowIfLostLocked();
            return _patches && TryHoldBaseLocked(hash, kind);
        }
    }

    private bool TryHoldBaseLocked(ContentHash hash, RecordKind kind)
    {
        if (!_ledger.IsHeldFullLocked(hash, kind))
        {
            return false;
        }

        Pins.Add(hash);
        return true;
    }

    /// <summary>Makes a patch on what was there before.</summary>
    /// <returns>Bytes of a record, in <paramref name="buffer"/>; 0 if a full one has to be made.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> TryEncodePatchAsync(
        RecordKind kind, ContentHash hash, ReadOnlyMemory<byte> raw, ContentHash previous, byte[] buffer, CancellationToken cancellationToken)
    {
        if (!_patches || raw.Length < PatchRules.LeastContent || HoldBaseOf(previous, kind, out var stored) is not { IsZero: false } @base || @base == hash)
        {
            return 0;
        }

        PooledContent content;
        try
        {
            content = await _reader.ReadBaseAsync(hash, @base, kind, isVerified: true, mayDrop: true, cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException error) when (error.Code == ErrorCode.DataDamaged)
        {
            // The reader dropped and reported it; what is new does not need it.
            return 0;
        }

        using (content)
        {
            return Encode(kind, hash, raw.Span, @base, content.Span, stored, buffer);
        }
    }

    private static int Encode(RecordKind kind, ContentHash hash, ReadOnlySpan<byte> raw, ContentHash @base, ReadOnlySpan<byte> prefix, int stored, Span<byte> buffer)
    {
        var length = RecordFormat.TryEncodePatch(kind, hash, raw, @base, prefix, buffer[..Math.Min(buffer.Length, PatchRules.Room(stored))]);
        if (length == 0 || PatchRules.IsSmall(length, stored))
        {
            return length;
        }

        var full = ArrayPool<byte>.Shared.Rent(RecordFormat.MaxLength(raw.Length));
        try
        {
            var fullLength = RecordFormat.Encode(kind, hash, raw, CompressionMode.On, full);
            if (PatchRules.IsKept(length, fullLength))
            {
                return length;
            }

            full.AsSpan(0, fullLength).CopyTo(buffer);
            return fullLength;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(full);
        }
    }

    private int StageFull(in RecordHeader header, ReadOnlySpan<byte> raw)
    {
        var full = ArrayPool<byte>.Shared.Rent(RecordFormat.MaxLength(raw.Length));
        try
        {
            return Stage(full.AsSpan(0, RecordFormat.Encode(header.Kind, header.Hash, raw, CompressionMode.On, full)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(full);
        }
    }

    /// <summary>The full record behind some content: it itself, or what it is a patch on. Pinned; zero if there is none.</summary>
    private ContentHash HoldBaseOf(ContentHash previous, RecordKind kind, out int stored)
    {
        lock (_ledger.Gate)
        {
            ThrowIfLostLocked();
            var location = _ledger.FindLocked(previous);
            var name = location.IsPatch ? _ledger.BaseOfLocked(location) : previous;
            stored = _ledger.FindLocked(name).Length;
            return TryHoldBaseLocked(name, kind) ? name : ContentHash.Zero;
        }
    }
}
