using System.Buffers.Binary;
using System.Globalization;
using DisasterTolerance.Storage;

namespace DisasterTolerance.Store;

/// <summary>
/// Which records of which packs are known to be damaged, kept in small blobs <c>damaged/pack/id</c>, so that a store that is opened again does not take them for
/// good by the pack's trailer. Thread-safe.
/// </summary>
internal sealed class DamageList(IStorageProvider storage, IIdSource ids)
{
    private const string Prefix = "damaged/";
    private const int MaxBytes = 1 << 20;

    /// <summary>Adds records of a pack, durably.</summary>
    public async ValueTask AddAsync(int pack, IReadOnlyCollection<int> offsets, CancellationToken cancellationToken)
    {
        var content = new byte[(offsets.Count * sizeof(int)) + sizeof(uint)];
        var at = 0;
        foreach (var offset in offsets)
        {
            BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(at), offset);
            at += sizeof(int);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(at), Crc32C.Of(content.AsSpan(0, at)));
        using var stream = new MemoryStream(content);
        await storage.PutAsync($"{PrefixOf(pack)}{ids.NewId():n}", stream, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>All damaged records: pack and offset. A list that is itself damaged is passed over: its records are found again by a verification.</summary>
    public async ValueTask<HashSet<(int Pack, int Offset)>> ReadAsync(CancellationToken cancellationToken)
    {
        var damaged = new HashSet<(int, int)>();
        await foreach (var blob in storage.ListAsync(Prefix, cancellationToken).ConfigureAwait(false))
        {
            var slash = blob.Name.IndexOf('/', Prefix.Length);
            if (slash < 0 || blob.Length > MaxBytes || PackFormat.SequenceOf(blob.Name[..slash], Prefix) is not { } pack)
            {
                continue;
            }

            var content = new byte[(int)blob.Length];
            var read = await storage.ReadAsync(blob.Name, 0, content, cancellationToken).ConfigureAwait(false);
            if (read != content.Length || read % sizeof(int) != 0 || read == 0
                || BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(read - sizeof(uint))) != Crc32C.Of(content.AsSpan(0, read - sizeof(uint))))
            {
                continue;
            }

            for (var at = 0; at < read - sizeof(uint); at += sizeof(int))
            {
                damaged.Add((pack, BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(at))));
            }
        }

        return damaged;
    }

    /// <summary>Forgets a pack that was deleted.</summary>
    public async ValueTask RemoveAsync(int pack, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var blob in storage.ListAsync(PrefixOf(pack), cancellationToken).ConfigureAwait(false))
        {
            names.Add(blob.Name);
        }

        foreach (var name in names)
        {
            await storage.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        }
    }

    private static string PrefixOf(int pack) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{pack:x16}/");
}
