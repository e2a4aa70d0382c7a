using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>Trailers with good checksums that say something else than the records.</summary>
internal static class TrailerForgery
{
    /// <summary>Changes some entries of a sealed pack's trailer: their kinds, places, lengths and bases.</summary>
    public static byte[] Forge(byte[] pack, Random random)
    {
        var footer = pack.AsSpan(pack.Length - PackFormat.FooterSize);
        Assert.True(PackFormat.TryReadFooter(footer, pack.Length, out var offset, out var count, out var patches, out _));
        List<PackEntry> entries = [];
        Assert.True(PackFormat.TryReadEntries(pack.AsSpan(offset, PackFormat.TrailerLength(count, patches) - PackFormat.FooterSize), count, offset, entries));
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(entries.Count);
            var entry = entries[at];
            entries[at] = random.Next(5) switch
            {
                0 => entry with { Base = entries[random.Next(entries.Count)].Hash },
                1 => entry with { Base = ContentHash.Zero },
                2 => entry with { Offset = entries[random.Next(entries.Count)].Offset },
                3 => entry with { Kind = RecordKind.Node },
                _ => entry with { Length = Math.Max(RecordHeader.Size + 1, entry.Length - random.Next(200)) },
            };
        }

        var forged = new byte[offset + PackFormat.TrailerLength(count, entries.Count(entry => entry.IsPatch))];
        pack.AsSpan(0, offset).CopyTo(forged);
        PackFormat.WriteTrailer(forged.AsSpan(offset), entries, offset);
        return forged;
    }
}
