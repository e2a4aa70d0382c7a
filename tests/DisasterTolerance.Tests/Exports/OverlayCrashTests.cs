using DisasterTolerance.Chunking;
using DisasterTolerance.Exports;
using static DisasterTolerance.Tests.Exports.PointDiskTests;

namespace DisasterTolerance.Tests.Exports;

/// <summary>An overlay that ends at every step of its files, also while its log is begun anew: what was flushed is there, and nothing is there that was never written.</summary>
public sealed class OverlayCrashTests
{
    private const int Length = (5 * 4096) + 100;
    private const int Changes = 16;

    private static readonly ContentHash Name = ContentHash.Of("base"u8);

    private readonly MemoryBase _base = new(Length, seed: 3);

    [Theory]
    [InlineData(null)]
    [InlineData(100L)]
    public async Task Kill_AtEveryStep_LeavesWhatWasAnswered(long? logRoom)
    {
        var seed = Random.Shared.Next();
        for (var steps = 0; ; steps++)
        {
            var files = CrashingFiles.Empty(steps);
            var history = new History(_base.Content);
            var isDone = await RunAsync(files, history, new Random(seed), logRoom);

            using var disk = OverlayDisk.Open(files.AfterKill(), "one", _base, Name);
            history.AssertAnswered(await ReadAllAsync(disk), $"killed at step {steps}, seed {seed}");
            if (isDone)
            {
                return;
            }
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(100L)]
    public async Task PowerCut_AtEveryStep_LeavesWhatWasFlushed(long? logRoom)
    {
        var seed = Random.Shared.Next();
        for (var steps = 0; ; steps++)
        {
            var files = CrashingFiles.Empty(steps);
            var history = new History(_base.Content);
            var isDone = await RunAsync(files, history, new Random(seed), logRoom);

            for (var cut = 0; cut < 6; cut++)
            {
                using var disk = OverlayDisk.Open(files.AfterPowerCut(new Random(cut)), "one", _base, Name);
                history.AssertFlushed(await ReadAllAsync(disk), $"cut {cut} at step {steps}, seed {seed}");
            }

            if (isDone)
            {
                return;
            }
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(100L)]
    public async Task Kills_ThenPowerCut_LeaveWhatWasFlushed(long? logRoom)
    {
        // The records of a killed process count for the next one, whose flush makes them count for ever.
        var seed = Random.Shared.Next();
        for (var run = 0; run < 150; run++)
        {
            var random = new Random(seed + run);
            var files = CrashingFiles.Empty(random.Next(60));
            var history = new History(_base.Content);
            for (var life = 0; life < 4; life++)
            {
                await RunAsync(files, history, random, logRoom);
                files = files.AfterKill(random.Next(60));
            }

            files = files.AfterKill();
            using (var disk = OverlayDisk.Open(files, "one", _base, Name))
            {
                history.AssertAnswered(await ReadAllAsync(disk), $"run {run}, seed {seed}");
                await disk.FlushAsync(default);
                history.Flushed(history.Count);
            }

            using var last = OverlayDisk.Open(files.AfterPowerCut(random), "one", _base, Name);
            history.AssertFlushed(await ReadAllAsync(last), $"run {run} after the cut, seed {seed}");
        }
    }

    [Fact]
    public async Task FlushAsync_SyncFails_FailsEverythingAndKeepsWhatWasFlushed()
    {
        var files = CrashingFiles.Empty();
        using (var disk = OverlayDisk.Open(files, "one", _base, Name))
        {
            await disk.WriteAsync(0, new byte[] { 1 }, true, default);
            await disk.WriteAsync(8192, new byte[] { 2 }, false, default);
            files.SyncFails = true;

            await Assert.ThrowsAsync<StorageException>(() => disk.FlushAsync(default).AsTask());
            files.SyncFails = false;

            Assert.NotNull(disk.Failure);
            await Assert.ThrowsAsync<StorageException>(() => disk.FlushAsync(default).AsTask());
            await Assert.ThrowsAsync<StorageException>(() => disk.WriteAsync(0, new byte[1], false, default).AsTask());
            await Assert.ThrowsAsync<StorageException>(() => disk.ReadAsync(0, new byte[1], default).AsTask());
        }

        using var again = OverlayDisk.Open(files.AfterKill(), "one", _base, Name);
        var content = await ReadAllAsync(again);
        Assert.Equal(1, content[0]);
        Assert.Equal(_base.Content[8192], content[8192]);
    }

    [Fact]
    public async Task WriteAsync_NoSpace_FailsAndGoesOnWhenThereIsSome()
    {
        var files = CrashingFiles.Empty();
        var expected = (byte[])_base.Content.Clone();
        using (var disk = OverlayDisk.Open(files, "one", _base, Name))
        {
            files.IsFull = true;
            var error = await Assert.ThrowsAsync<StorageException>(() => disk.WriteAsync(4096, new byte[4096], false, default).AsTask());
            Assert.Equal(ErrorCode.StorageFull, error.Code);
            Assert.Equal(expected, await ReadAllAsync(disk));
            files.IsFull = false;

            await disk.WriteAsync(4096, new byte[4096], false, default);
            files.IsFull = true;
            await Assert.ThrowsAsync<StorageException>(() => disk.FlushAsync(default).AsTask());
            files.IsFull = false;
            await disk.FlushAsync(default);
        }

        expected.AsSpan(4096, 4096).Clear();
        using var again = OverlayDisk.Open(files.AfterPowerCut(new Random(1)), "one", _base, Name);
        Assert.Equal(expected, await ReadAllAsync(again));
    }

    private async Task<bool> RunAsync(CrashingFiles files, History history, Random random, long? logRoom)
    {
        try
        {
            using var disk = OverlayDisk.Open(files, "one", _base, Name, logRoom);

            // What was cut short in an earlier life may be there in part, and stays so from now on.
            var found = await ReadAllAsync(disk);
            history.AssertAnswered(found, "opened again");
            history.Add(found);
            history.Answered();
            for (var i = 0; i < Changes; i++)
            {
                var next = (byte[])history.Newest.Clone();
                history.Add(next);

                // The change is made in the copy first: it counts as possible from its begin on.
                var probe = new Random(random.Next());
                var change = probe.Next();
                await Plan(next, new Random(change))(disk);
                history.Answered();
                if (probe.Next(4) == 0)
                {
                    var before = history.Count;
                    await disk.FlushAsync(default);
                    history.Flushed(before);
                }
            }

            return true;
        }
        catch (CrashException)
        {
            return false;
        }
    }

    /// <summary>Changes the copy and returns how to change the disk.</summary>
    private static Func<OverlayDisk, Task> Plan(byte[] expected, Random random)
    {
        var offset = random.Next(expected.Length);
        var length = random.Next(1, Math.Min(expected.Length - offset, 10_000) + 1);
        if (random.Next(4) == 0)
        {
            expected.AsSpan(offset, length).Clear();
            var mayPunch = random.Next(3) > 0;
            return async disk => await disk.WriteZeroesAsync(offset, length, mayPunch, false, default);
        }

        var content = new byte[length];
        random.NextBytes(content);
        content.CopyTo(expected.AsSpan(offset));
        return async disk => await disk.WriteAsync(offset, content, false, default);
    }

    /// <summary>What the disk was after each change, and how far it was answered and flushed.</summary>
    private sealed class History(byte[] content)
    {
        private readonly List<byte[]> _states = [content];
        private int _answered = 1;
        private int _flushed = 1;

        public int Count => _answered;

        public byte[] Newest => _states[_answered - 1];

        public void Add(byte[] state) => _states.Add(state);

        public void Answered() => _answered = _states.Count;

        public void Flushed(int count) => _flushed = count;

        public void AssertAnswered(byte[] actual, string when) => AssertBetween(actual, _answered, when);

        public void AssertFlushed(byte[] actual, string when) => AssertBetween(actual, _flushed, when);

        private void AssertBetween(byte[] actual, int first, string when)
        {
            // Mostly it is exactly one of them, which is quickly seen.
            if (_states.Skip(first - 1).Any(state => state.AsSpan().SequenceEqual(actual)))
            {
                return;
            }

            for (var at = 0; at < actual.Length; at++)
            {
                var isKnown = false;
                for (var state = first - 1; state < _states.Count && !isKnown; state++)
                {
                    isKnown = _states[state][at] == actual[at];
                }

                Assert.True(isKnown, $"{when}: byte {at} is {actual[at]}, which it was never since {first}");
            }
        }
    }
}
