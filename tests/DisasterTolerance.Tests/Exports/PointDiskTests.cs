using DisasterTolerance.Exports;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd;
using DisasterTolerance.Store;
using DisasterTolerance.Tests.Recovery;
using static DisasterTolerance.Tests.Recovery.RestoreSite;

namespace DisasterTolerance.Tests.Exports;

public sealed class PointDiskTests
{
    private const int Chunk = 65536;

    [Theory]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(65535)]
    [InlineData(65536)]
    [InlineData(65537)]
    [InlineData(1_000_003)]
    public async Task ReadAsync_DiskOfAnyLength_IsByteIdentical(int length)
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", length));
        site.Fill("disk0", 0, length, seed: length);
        await using var disk = Open(site, await site.CaptureAsync());

        var content = await ReadAllAsync(disk);

        Assert.Equal(length, disk.Length);
        Assert.Equal(site.Machines.ReadDisk(Machine.MasterUuid, "disk0", 0, length), content);
    }

    [Fact]
    public async Task ReadAsync_RandomRangesAtOnce_AreWhatTheDiskHad()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        const int length = (40 * Chunk) + 777;
        await using var site = await StartAsync(new DiskDefinition("disk0", length));
        site.Fill("disk0", 5 * Chunk, 9 * Chunk, seed);
        site.Fill("disk0", (20 * Chunk) + 5, 3, seed);
        site.Fill("disk0", length - 10, 10, seed);
        await using var disk = Open(site, await site.CaptureAsync());
        var whole = await ReadAllAsync(disk);

        await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ =>
        {
            int offset, size;
            lock (random)
            {
                offset = random.Next(length);
                size = random.Next(1, Math.Min(length - offset, 5 * Chunk) + 1);
            }

            await Task.Yield();
            var piece = new byte[size];
            Random.Shared.NextBytes(piece);
            await disk.ReadAsync(offset, piece, default);
            Assert.True(whole.AsSpan(offset, size).SequenceEqual(piece), $"{size} bytes at {offset} are not what they were, seed {seed}");
        }));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4096)]
    [InlineData(100_000)]
    public async Task ReadAsync_OneAfterTheOther_ReadsEachChunkOnce(int step)
    {
        const int length = 50 * Chunk;
        await using var site = await StartAsync(new DiskDefinition("disk0", length));
        site.Fill("disk0", 0, length, seed: 5);
        var point = await site.CaptureAsync();
        var store = new CountingStore(site.Context.Store);
        await using var disk = new PointDisk(store, point, point.Disks[0]);

        // Three bytes at a time need not go through all of it.
        var end = step == 3 ? Chunk + 6 : length;
        var content = new byte[end];
        for (var at = 0; at < end; at += step)
        {
            await disk.ReadAsync(at, content.AsMemory(at, Math.Min(step, end - at)), default);
        }

        Assert.True(store.Most == 1, $"a chunk was read {store.Most} times");
        Assert.Equal(site.Machines.ReadDisk(Machine.MasterUuid, "disk0", 0, end), content);
    }

    [Fact]
    public async Task GetExtentsAsync_SparseDisk_NamesDataAndHolesWithoutGaps()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", (5L << 30) + 1));
        site.Fill("disk0", 3 * Chunk, 2 * Chunk, 1);
        site.Fill("disk0", 4L << 30, 10, 2);
        await using var disk = Open(site, await site.CaptureAsync());

        var extents = await disk.GetExtentsAsync(0, disk.Length, default).ToListAsync();
        var inside = await disk.GetExtentsAsync((3 * Chunk) + 5, 10, default).ToListAsync();

        Assert.Equal(
            [(0, ExtentKind.Unallocated), (3 * Chunk, ExtentKind.Data), (5 * Chunk, ExtentKind.Unallocated), (4L << 30, ExtentKind.Data), ((4L << 30) + Chunk, ExtentKind.Unallocated)],
            extents.Select(extent => (extent.Offset, extent.Kind)));
        Assert.All(extents.Zip(extents.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Offset));
        Assert.True(extents[^1].End >= disk.Length);
        Assert.Equal(ExtentKind.Data, Assert.Single(inside).Kind);
    }

    [Fact]
    public async Task ReadAsync_DamagedChunk_FailsAndOthersGoOn()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 20 * Chunk));
        site.Fill("disk0", 0, 20 * Chunk, 1);
        await using var disk = Open(site, await site.CaptureAsync());
        var pack = site.Storage.Names.Where(name => name.StartsWith("packs/", StringComparison.Ordinal)).MaxBy(name => site.Storage.Peek(name).Length)!;
        site.Storage.Tamper(pack, content =>
        {
            content[content.Length / 2] ^= 0x55;
            return content;
        });

        var failed = 0;
        for (var at = 0; at < 20; at++)
        {
            try
            {
                await disk.ReadAsync(at * Chunk, new byte[Chunk], default);
            }
            catch (DisasterToleranceException damaged) when (damaged.Code == ErrorCode.DataDamaged)
            {
                failed++;
            }
        }

        Assert.Equal(1, failed);
        await Assert.ThrowsAsync<DisasterToleranceException>(async () => await ReadAllAsync(disk));
    }

    [Fact]
    public async Task Dispose_WhileServed_KeepsTheRecordsUntilThen()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 20 * Chunk));
        site.Fill("disk0", 0, 20 * Chunk, 1);
        var disk = Open(site, await site.CaptureAsync());
        var then = site.Machines.ReadDisk(Machine.MasterUuid, "disk0", 0, 20 * Chunk);

        await SweepAllAsync(site);
        var served = await ReadAllAsync(disk);
        await disk.DisposeAsync();
        var swept = await SweepAllAsync(site);

        Assert.Equal(then, served);
        Assert.True(swept.FreedBytes > 20 * Chunk, $"{swept.FreedBytes} bytes were freed");
    }

    [Fact]
    public async Task WriteAsync_Point_IsNeverWrittenTo()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", Chunk));
        await using var disk = Open(site, await site.CaptureAsync());

        Assert.True(disk.IsReadOnly);
        await Assert.ThrowsAsync<NotSupportedException>(() => disk.WriteAsync(0, new byte[1], false, default).AsTask());
        await Assert.ThrowsAsync<NotSupportedException>(() => disk.TrimAsync(0, 1, false, default).AsTask());
        await Assert.ThrowsAsync<NotSupportedException>(() => disk.WriteZeroesAsync(0, 1, true, false, default).AsTask());
    }

    internal static async Task<byte[]> ReadAllAsync(INbdExport disk)
    {
        var content = new byte[disk.Length];
        await disk.ReadAsync(0, content, default);
        return content;
    }

    private static PointDisk Open(RestoreSite site, PointManifest point) => new(site.Context.Store, point, point.Disks[0]);

    private static async Task<SweepReport> SweepAllAsync(RestoreSite site) =>
        await site.Context.Store.SweepAsync(_ => ValueTask.FromResult<IReadOnlyCollection<LiveRoot>>([]), default);
}
