using DisasterTolerance.Nbd.Client;

namespace DisasterTolerance.Nbd.Tests.Client;

public sealed class ReadCoverageTests
{
    [Fact]
    public void Add_ChunksInRandomOrder_AreCompleteWithTheLast()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var i = 0; i < 200; i++)
        {
            var cuts = Enumerable.Range(0, random.Next(1, 40)).Select(_ => (long)random.Next(1, 1000)).Append(0).Append(1000).Distinct().Order().ToArray();
            var chunks = cuts.Zip(cuts.Skip(1), (start, end) => (start, end - start)).ToArray();
            random.Shuffle(chunks);
            var coverage = new ReadCoverage();
            coverage.Reset(5000, 1000);
            foreach (var (start, length) in chunks)
            {
                Assert.False(coverage.IsComplete, $"seed {seed}");
                Assert.Equal(start, coverage.Add((ulong)(5000 + start), length));
            }

            Assert.True(coverage.IsComplete, $"seed {seed}");
        }
    }

    [Theory]
    [InlineData(99, 10)]
    [InlineData(100, 0)]
    [InlineData(195, 6)]
    [InlineData(201, 1)]
    [InlineData(ulong.MaxValue, 1)]
    [InlineData(100, 51)]
    [InlineData(149, 1)]
    [InlineData(155, 10)]
    [InlineData(150, 10)]
    public void Add_OutsideOrOverlapping_Throws(ulong offset, long length)
    {
        var coverage = new ReadCoverage();
        coverage.Reset(100, 100);
        coverage.Add(149, 11);

        Assert.Throws<NbdProtocolException>(() => coverage.Add(offset, length));
    }

    [Fact]
    public void Add_TooManyIslands_Throws()
    {
        var coverage = new ReadCoverage();
        coverage.Reset(0, 10_000);
        for (var i = 0; i < 1024; i++)
        {
            coverage.Add((ulong)(2 * i), 1);
        }

        Assert.Throws<NbdProtocolException>(() => coverage.Add(5000, 1));
    }
}
