using System.Buffers.Binary;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

public sealed class FingerprintSetTests
{
    [Theory]
    [InlineData(1_000)]
    [InlineData(7_000_000)]
    public void Contains_ManyAdded_HoldsAllOfThemAndHardlyAnyOther(int count)
    {
        var set = new FingerprintSet();
        var taken = 0;
        for (var number = 0; number < count; number++)
        {
            taken += set.Add(Name(number)) ? 0 : 1;
        }

        Assert.InRange(taken, 0, count / 10_000);
        Assert.Equal(count - taken, set.Count);
        for (var number = 0; number < count; number++)
        {
            Assert.True(set.Contains(Name(number)), $"{number} was added.");
        }

        Assert.InRange(Enumerable.Range(count, 100_000).Count(number => set.Contains(Name(number))), 0, 20);
    }

    private static ContentHash Name(int number)
    {
        Span<byte> bytes = stackalloc byte[ContentHash.Length];
        var random = (ulong)(number + 1) * 0x9E3779B97F4A7C15;
        random = (random ^ (random >> 30)) * 0xBF58476D1CE4E5B9;
        random = (random ^ (random >> 27)) * 0x94D049BB133111EB;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], random ^ (random >> 31));
        return new ContentHash(bytes);
    }
}
