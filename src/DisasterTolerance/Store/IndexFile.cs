using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using DisasterTolerance.Storage;
using DisasterTolerance.Store.Local;
using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Store;

/// <summary>
/// The file of an index: a head, pages, and behind them the directory of the pages and the stamp. Only a cache: before the first page is written the head is durably marked as unfinished, and
/// only a save, which makes everything durable before, marks it as whole again. Without a path it is a temporary file that goes with the process. Not thread-safe.
/// </summary>
internal sealed class IndexFile : IDisposable
{
    private const int Version = 2;
    private const int HeadSize = IndexPage.Size;
    private const int HeadUsed = 64;
    private const ulong Magic = 0x313058444E495444; // "DTINDX01"
    private const int MaxDepth = 30;

    private readonly string? _path;
    private SafeFileHandle? _handle;
    private bool _mayCount;

    public IndexFile(string? path) => _path = path;

    /// <summary>Tells the pages of this file from those of a file before it, and keys from what an attacker may guess.</summary>
    public ulong Salt { get; private set; } = NewSalt();

    public bool IsLasting => _path is not null;

    /// <summary>Reads a saved index.</summary>
    /// <returns>Null if there is none or it is not whole.</returns>
    public SavedIndex? TryOpen()
    {
        if (_path is null || !File.Exists(_path))
        {
            return null;
        }

        try
        {
            Open();
            return TryRead();
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // A cache that cannot be read is one that is not there: it is built again from the packs.
            return null;
        }
    }

    /// <summary>Begins anew: what the file held does not count any more.</summary>
    public void Reset()
    {
        Unfinish();
        Salt = NewSalt();
    }

    /// <summary>Writes a page.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public void WritePage(int number, Span<byte> page)
    {
        Open();
        Unfinish();
        IndexPage.Seal(page, number, (uint)Salt);
        RandomAccess.Write(_handle!, page, OffsetOf(number));
    }

    /// <summary>Reads a page that was written.</summary>
    /// <exception cref="StorageException">It cannot be read or is not what was written.</exception>
    public void ReadPage(int number, Span<byte> page)
    {
        try
        {
            if (RandomAccess.Read(_handle!, page, OffsetOf(number)) == page.Length && IndexPage.IsSound(page, number, (uint)Salt))
            {
                return;
            }
        }
        catch (IOException cause)
        {
            throw Damaged(cause);
        }

        throw Damaged(null);
    }

    /// <summary>Makes the file whole: after this it can be opened again.</summary>
    /// <exception cref="IOException">It could not be written; then it does not count.</exception>
    public void Save(int pages, long count, ReadOnlySpan<int> directory, ReadOnlySpan<byte> bases, IndexStamp stamp)
    {
        Open();
        Unfinish();
        var tail = new byte[(directory.Length * sizeof(int)) + bases.Length + stamp.Length];
        MemoryMarshal.AsBytes(directory).CopyTo(tail);
        bases.CopyTo(tail.AsSpan(directory.Length * sizeof(int)));
        stamp.Write(tail.AsSpan((directory.Length * sizeof(int)) + bases.Length));
        RandomAccess.Write(_handle!, tail, OffsetOf(pages));
        RandomAccess.SetLength(_handle!, OffsetOf(pages) + tail.Length);
        DurableFile.DemandFile(_handle!);

        Span<byte> head = stackalloc byte[HeadUsed];
        head.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(head, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(head[12..], pages);
        BinaryPrimitives.WriteInt64LittleEndian(head[16..], count);
        BinaryPrimitives.WriteUInt64LittleEndian(head[24..], Salt);
        BinaryPrimitives.WriteInt32LittleEndian(head[32..], directory.Length);
        BinaryPrimitives.WriteInt32LittleEndian(head[36..], tail.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[40..], Crc32C.Of(tail));
        BinaryPrimitives.WriteInt32LittleEndian(head[44..], bases.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[^4..], Crc32C.Of(head[..^4]));
        RandomAccess.Write(_handle!, head, 0);
        DurableFile.DemandFile(_handle!);
        DurableFile.DemandDirectory(Path.GetDirectoryName(_path!)!);
        _mayCount = true;
    }

    public void Dispose() => _handle?.Dispose();

    private static ulong NewSalt() => BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    private static long OffsetOf(int page) => HeadSize + ((long)page * IndexPage.Size);

    private SavedIndex? TryRead()
    {
        var length = RandomAccess.GetLength(_handle!);
        Span<byte> head = stackalloc byte[HeadUsed];
        if (RandomAccess.Read(_handle!, head, 0) < HeadUsed || BinaryPrimitives.ReadUInt64LittleEndian(head) != Magic
            || BinaryPrimitives.ReadInt32LittleEndian(head[8..]) != Version || BinaryPrimitives.ReadUInt32LittleEndian(head[^4..]) != Crc32C.Of(head[..^4]))
        {
            return null;
        }

        var (pages, count) = (BinaryPrimitives.ReadInt32LittleEndian(head[12..]), BinaryPrimitives.ReadInt64LittleEndian(head[16..]));
        var (slots, tailLength) = (BinaryPrimitives.ReadInt32LittleEndian(head[32..]), BinaryPrimitives.ReadInt32LittleEndian(head[36..]));
        var bases = BinaryPrimitives.ReadInt32LittleEndian(head[44..]);
        if (OffsetOf(pages) + tailLength != length || slots <= 0 || slots > 1 << MaxDepth || bases < 0 || tailLength <= ((long)slots * sizeof(int)) + bases)
        {
            return null;
        }

        var tail = new byte[tailLength];
        if (RandomAccess.Read(_handle!, tail, OffsetOf(pages)) < tailLength || BinaryPrimitives.ReadUInt32LittleEndian(head[40..]) != Crc32C.Of(tail)
            || IndexStamp.Read(tail.AsSpan((slots * sizeof(int)) + bases)) is not { } stamp)
        {
            return null;
        }

        Salt = BinaryPrimitives.ReadUInt64LittleEndian(head[24..]);
        return new SavedIndex(pages, count, MemoryMarshal.Cast<byte, int>(tail.AsSpan(0, slots * sizeof(int))).ToArray(), tail.AsMemory(slots * sizeof(int), bases), stamp);
    }

    private void Open()
    {
        if (_handle is not null)
        {
            return;
        }

        if (_path is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            _mayCount = File.Exists(_path);
        }

        _handle = File.OpenHandle(
            _path ?? Path.Combine(Path.GetTempPath(), $"disaster-tolerance-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.index"),
            FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, _path is null ? FileOptions.DeleteOnClose : FileOptions.RandomAccess);
    }

    // Durable before the first page is: after a power loss nobody knows in which order the pages reached the disk.
    private void Unfinish()
    {
        if (_mayCount)
        {
            RandomAccess.Write(_handle!, new byte[HeadUsed], 0);
            DurableFile.DemandFile(_handle!);
            _mayCount = false;
        }
    }

    private StorageException Damaged(Exception? cause) => new(
        ErrorCode.StorageFailed, null,
        $"The store's index file {_path ?? "in the temporary folder"} is damaged or cannot be read{(cause is null ? "" : ": " + cause.Message)}. Start the site again: the index is built anew from the packs.",
        isTransient: false, cause);
}

/// <summary>What a saved index consists of beside its pages. Immutable.</summary>
/// <param name="Pages">Pages in the file.</param>
/// <param name="Count">Entries in them.</param>
/// <param name="Directory">The page of each range of keys.</param>
/// <param name="Bases">The bases of its patches, as <see cref="BaseTable.Save"/> wrote them.</param>
/// <param name="Stamp">What it covers.</param>
internal sealed record SavedIndex(int Pages, long Count, int[] Directory, ReadOnlyMemory<byte> Bases, IndexStamp Stamp);
