using ZstdSharp;

namespace DisasterTolerance.Compression;

/// <summary>zstd over whole buffers, with contexts that are made once and used again. Thread-safe.</summary>
internal static class ZstdCodec
{
    /// <summary>The level for new records: the fastest one that still finds most of what there is to find in 64 KiB.</summary>
    private const int Level = 1;

    private static readonly ContextPool<Compressor> Compressors = new(static () => new Compressor(Level));
    private static readonly ContextPool<Decompressor> Decompressors = new(static () => new Decompressor());

    /// <summary>Compresses if the result fits.</summary>
    /// <param name="raw">The content.</param>
    /// <param name="destination">Room for the result: give less than the content's length to refuse what does not shrink.</param>
    /// <param name="written">Bytes of the result.</param>
    /// <returns>False if it does not fit.</returns>
    public static bool TryCompress(ReadOnlySpan<byte> raw, Span<byte> destination, out int written)
    {
        var compressor = Compressors.Take();
        try
        {
            return compressor.TryWrap(raw, destination, out written);
        }
        finally
        {
            Compressors.Return(compressor);
        }
    }

    /// <summary>Decompresses hostile input: never writes beyond the destination, whatever the input claims.</summary>
    /// <param name="stored">The compressed bytes.</param>
    /// <param name="destination">Exactly as long as the content must be.</param>
    /// <returns>False if the input is not valid or its content has another length.</returns>
    public static bool TryDecompress(ReadOnlySpan<byte> stored, Span<byte> destination)
    {
        var decompressor = Decompressors.Take();
        var isSound = false;
        try
        {
            var written = decompressor.Unwrap(stored, destination);
            isSound = true;
            return written == destination.Length;
        }
        catch (ZstdException)
        {
            return false;
        }
        finally
        {
            // A context that saw bad input is not used again.
            if (isSound)
            {
                Decompressors.Return(decompressor);
            }
            else
            {
                decompressor.Dispose();
            }
        }
    }
}
