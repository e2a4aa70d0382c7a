using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store;

/// <summary>Short words for tests of patches.</summary>
internal static class PatchStore
{
    public const int Bytes = 16384;

    /// <summary>The same dense content with one place changed, another for each number.</summary>
    public static byte[] Version(int number)
    {
        var content = Chunk(4711, Bytes);
        content[number * 300] ^= (byte)number;
        return content;
    }

    public static async Task<ContentHash> PutAsync(IStoreScope scope, byte[] content, ContentHash previous = default)
    {
        var hash = ContentHash.Of(content);
        await scope.AppendAsync(RecordKind.Chunk, hash, content, previous, CompressionMode.On, Token);
        return hash;
    }

    /// <summary>What a record is a patch on; zero for a full one.</summary>
    public static ContentHash BaseOf(IRecordStore store, ContentHash hash)
    {
        var bases = new ContentHash[1];
        store.FindBases([hash], bases);
        return bases[0];
    }

    public static async Task<byte[]> StoredAsync(IRecordStore store, ContentHash hash)
    {
        var record = new byte[store.StoredLength(hash)];
        await store.ReadStoredAsync(hash, record, Token);
        return record;
    }

    /// <summary>A patch with a good checksum, whatever it says.</summary>
    public static byte[] Forge(ContentHash hash, ContentHash @base, ReadOnlySpan<byte> payload, int rawLength, RecordKind kind = RecordKind.Chunk)
    {
        var record = new byte[RecordHeader.Size + ContentHash.Length + payload.Length];
        @base.CopyTo(record.AsSpan(RecordHeader.Size));
        payload.CopyTo(record.AsSpan(RecordHeader.Size + ContentHash.Length));
        RecordHeader.Write(record, kind, RecordCodec.ZstdPatch, rawLength, hash);
        return record;
    }
}
