using DisasterTolerance.Capture;

namespace DisasterTolerance.Tests.Capture;

public sealed class TrackerSampleTests
{
    [Fact]
    public void At_EveryNumber_IsEveryChunkThatWasNotNamedInOrder()
    {
        var seed = Environment.TickCount;
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 200; round++)
        {
            var leaves = random.Next(0, 60);
            var named = Enumerable.Range(0, leaves).Where(_ => random.Next(3) == 0).ToHashSet();
            var sample = new TrackerSample(RangesOf(named, leaves), leaves);

            var expected = Enumerable.Range(0, leaves).Where(position => !named.Contains(position)).Select(position => (long)position).ToList();
            Assert.Equal(expected, Enumerable.Range(0, (int)sample.Count).Select(number => sample.At(number)));
            Assert.All(Enumerable.Range(0, leaves), position => Assert.Equal(!named.Contains(position), sample.Contains(position)));
            Assert.Throws<ArgumentOutOfRangeException>(() => sample.At(sample.Count));
        }
    }

    private static List<ChunkRange> RangesOf(HashSet<int> positions, int leaves)
    {
        List<ChunkRange> ranges = [];
        for (var position = 0; position < leaves; position++)
        {
            if (!positions.Contains(position))
            {
                continue;
            }

            if (ranges.Count > 0 && ranges[^1].End == position)
            {
                ranges[^1] = ranges[^1] with { Count = ranges[^1].Count + 1 };
            }
            else
            {
                ranges.Add(new ChunkRange(position, 1));
            }
        }

        return ranges;
    }
}
