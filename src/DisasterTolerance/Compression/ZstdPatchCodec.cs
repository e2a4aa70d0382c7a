using System.Numerics;
using ZstdSharp.Unsafe;

namespace DisasterTolerance.Compression;

/// <summary>
/// zstd over whole buffers with another content as prefix: what both have in common costs next to nothing. Contexts are made once and used again; the prefix counts for one frame. Thread-safe.
/// </summary>
internal static unsafe class ZstdPatchCodec
{
    // Level 1 finds the prefix as well as higher ones do; level -1 finds a sixth of it (PatchBenchmarks).
    private const int Level = 1;

    // A context that goes to and fro between nodes and chunks would make its tables anew each time.
    private const int SmallBytes = 16 << 10;

    private static readonly ContextPool<PatchCompressor> Small = new(static () => new PatchCompressor());
    private static readonly ContextPool<PatchCompressor> Large = new(static () => new PatchCompressor());
    private static readonly ContextPool<PatchDecompressor> Decompressors = new(static () => new PatchDecompressor());

    /// <summary>Compresses against a prefix if the result fits.</summary>
    /// <param name="raw">The content; not empty.</param>
    /// <param name="prefix">What the reader will have as well; not empty, and in other memory than the content.</param>
    /// <param name="destination">Room for the result.</param>
    /// <param name="written">Bytes of the result.</param>
    /// <returns>False if it does not fit.</returns>
    public static bool TryCompress(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> prefix, Span<byte> destination, out int written)
    {
        var pool = raw.Length + prefix.Length <= SmallBytes ? Small : Large;
        var compressor = pool.Take();
        try
        {
            return compressor.TryCompress(raw, prefix, destination, out written);
        }
        finally
        {
            pool.Return(compressor);
        }
    }

    /// <summary>Decompresses hostile input: never writes beyond the destination, whatever the input claims.</summary>
    /// <param name="stored">The compressed bytes.</param>
    /// <param name="prefix">The prefix that was used to compress.</param>
    /// <param name="destination">Exactly as long as the content must be.</param>
    /// <returns>False if the input is not valid or its content has another length.</returns>
    public static bool TryDecompress(ReadOnlySpan<byte> stored, ReadOnlySpan<byte> prefix, Span<byte> destination)
    {
        var decompressor = Decompressors.Take();
        if (decompressor.TryDecompress(stored, prefix, destination))
        {
            Decompressors.Return(decompressor);
            return true;
        }

        // A context that saw bad input is not used again.
        decompressor.Dispose();
        return false;
    }

    private static void Check(nuint result)
    {
        if (Methods.ZSTD_isError(result))
        {
            throw new InvalidOperationException($"zstd refused its own settings: {Methods.ZSTD_getErrorName(result)}.");
        }
    }

    private sealed class PatchCompressor : IDisposable
    {
        private readonly ZSTD_CCtx_s* _context = Methods.ZSTD_createCCtx();
        private int _windowLog;

        public PatchCompressor() => Check(Methods.ZSTD_CCtx_setParameter(_context, ZSTD_cParameter.ZSTD_c_compressionLevel, Level));

        public bool TryCompress(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> prefix, Span<byte> destination, out int written)
        {
            // From the content's last byte back to the prefix's first one.
            var windowLog = Math.Max(BitOperations.Log2((uint)(raw.Length + prefix.Length - 1)) + 1, 10);
            if (windowLog != _windowLog)
            {
                // The level's own table is made for the content alone and forgets the prefix of large chunks; with a quarter of the window it finds all of it, and faster (PatchBenchmarks).
                Check(Methods.ZSTD_CCtx_setParameter(_context, ZSTD_cParameter.ZSTD_c_windowLog, windowLog));
                Check(Methods.ZSTD_CCtx_setParameter(_context, ZSTD_cParameter.ZSTD_c_hashLog, Math.Max(windowLog - 2, 10)));
                _windowLog = windowLog;
            }

            fixed (byte* from = raw, before = prefix, to = destination)
            {
                Check(Methods.ZSTD_CCtx_refPrefix(_context, before, (nuint)prefix.Length));
                var result = Methods.ZSTD_compress2(_context, to, (nuint)destination.Length, from, (nuint)raw.Length);
                if (Methods.ZSTD_isError(result))
                {
                    // Too little room. The reset also makes it forget the prefix.
                    Check(Methods.ZSTD_CCtx_reset(_context, ZSTD_ResetDirective.ZSTD_reset_session_only));
                    Check(Methods.ZSTD_CCtx_refPrefix(_context, null, 0));
                    written = 0;
                    return false;
                }

                written = (int)result;
                return true;
            }
        }

        public void Dispose() => Methods.ZSTD_freeCCtx(_context);
    }

    private sealed class PatchDecompressor : IDisposable
    {
        private readonly ZSTD_DCtx_s* _context = Methods.ZSTD_createDCtx();

        public bool TryDecompress(ReadOnlySpan<byte> stored, ReadOnlySpan<byte> prefix, Span<byte> destination)
        {
            fixed (byte* from = stored, before = prefix, to = destination)
            {
                Check(Methods.ZSTD_DCtx_refPrefix(_context, before, (nuint)prefix.Length));
                var result = Methods.ZSTD_decompressDCtx(_context, to, (nuint)destination.Length, from, (nuint)stored.Length);
                return !Methods.ZSTD_isError(result) && result == (nuint)destination.Length;
            }
        }

        public void Dispose() => Methods.ZSTD_freeDCtx(_context);
    }
}
