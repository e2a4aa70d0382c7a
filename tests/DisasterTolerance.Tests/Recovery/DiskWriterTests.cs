using DisasterTolerance.Catalog;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Recovery;
using DisasterTolerance.Store;
using DisasterTolerance.Tests.Buffers;
using static DisasterTolerance.Tests.Recovery.RestoreSite;

namespace DisasterTolerance.Tests.Recovery;

public sealed class DiskWriterTests
{
    private const int Chunk = 65536;
    private const int Piece = 1 << 20;

    private readonly CountingPool _pool = new();

    [Fact]
    public async Task RunAsync_NewDisk_WritesBigPiecesInTheOrderOfTheDiskAndLeavesHoles()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", (200 * Chunk) + 9));
        site.Fill("disk0", 0, 70 * Chunk, 1);
        site.Fill("disk0", 100 * Chunk, (100 * Chunk) + 9, 2);
        var point = await site.CaptureAsync();
        var disk = new RecordedDisk(point.Disks[0].Definition);

        var written = await RunAsync(site, point, disk);

        Assert.Equal((170 * Chunk) + 9, written);
        Assert.Equal(written, disk.Writes.Sum(write => (long)write.Length));
        Assert.Equal(disk.Writes.OrderBy(write => write.Offset), disk.Writes);
        Assert.DoesNotContain(disk.Writes, write => write.Offset < 100 * Chunk && write.Offset + write.Length > 70 * Chunk);

        // The hole may cut one piece in two, and the last chunk is short.
        Assert.InRange(disk.Writes.Count, 1, (170 * Chunk / Piece) + 3);
        Assert.True(disk.Content.AsSpan().SequenceEqual(Content(disk, (0, 70 * Chunk, 1), (100 * Chunk, (100 * Chunk) + 9, 2))));
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public async Task RunAsync_DiskSlowerThanTheStore_HoldsFewBuffers()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 1000 * Chunk));
        site.Fill("disk0", 0, 1000 * Chunk, 1);
        var point = await site.CaptureAsync();
        var disk = new RecordedDisk(point.Disks[0].Definition) { BeforeWrite = async (_, _) => await Task.Yield() };

        await RunAsync(site, point, disk);

        Assert.InRange(_pool.Most, 1, Math.Min(Environment.ProcessorCount, 16) + 4);
        Assert.True(disk.Content.AsSpan().SequenceEqual(Content(disk, (0, 1000 * Chunk, 1))));
    }

    [Fact]
    public async Task RunAsync_WriteFailsInTheMiddle_TellsItsErrorAndGivesAllBuffersBack()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 300 * Chunk));
        site.Fill("disk0", 0, 300 * Chunk, 1);
        var point = await site.CaptureAsync();
        var disk = new RecordedDisk(point.Disks[0].Definition)
        {
            BeforeWrite = (number, _) => number == 5 ? Task.FromException(new HypervisorException(ErrorCode.HypervisorFailed, null, "the sixth write")) : Task.CompletedTask,
        };

        var error = await Assert.ThrowsAsync<HypervisorException>(() => RunAsync(site, point, disk));

        Assert.Equal("the sixth write", error.Message);
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public async Task RunAsync_FlippedByteInTheStore_FailsWithoutWritingTheChunk()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 200 * Chunk));
        site.Fill("disk0", 0, 200 * Chunk, 1);
        var point = await site.CaptureAsync();
        var pack = site.Storage.Names.Where(name => name.StartsWith("packs/", StringComparison.Ordinal)).MaxBy(name => site.Storage.Peek(name).Length)!;
        site.Storage.Tamper(pack, content =>
        {
            content[content.Length / 2] ^= 1;
            return content;
        });
        var disk = new RecordedDisk(point.Disks[0].Definition);

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(() => RunAsync(site, point, disk));

        Assert.Equal(ErrorCode.DataDamaged, error.Code);

        // Which chunk lies in the middle of the pack depends on which worker captured it first.
        var expected = Content(disk, (0, 200 * Chunk, 1));
        Assert.All(disk.Writes, write => Assert.True(disk.Content.AsSpan((int)write.Offset, write.Length).SequenceEqual(expected.AsSpan((int)write.Offset, write.Length))));
        Assert.True(disk.Writes.Sum(write => (long)write.Length) < disk.Content.Length);
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public async Task RunAsync_CancelledWhileAWriteHangs_EndsAndGivesAllBuffersBack()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 300 * Chunk));
        site.Fill("disk0", 0, 300 * Chunk, 1);
        var point = await site.CaptureAsync();
        using var cancel = new CancellationTokenSource();
        var disk = new RecordedDisk(point.Disks[0].Definition)
        {
            BeforeWrite = async (number, token) =>
            {
                if (number == 4)
                {
                    await cancel.CancelAsync();
                    await Task.Delay(Timeout.Infinite, token);
                }
            },
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(site, point, disk, cancel.Token));

        Assert.Equal(0, _pool.Outstanding);
    }

    private async Task<long> RunAsync(RestoreSite site, PointManifest point, RecordedDisk disk, CancellationToken cancellationToken = default)
    {
        using var deadline = new ProgressDeadline(TimeProvider.System, TimeSpan.FromMinutes(1), "Restoring", cancellationToken);
        using var progress = site.Context.Progress.Begin(Machine.Uuid, Procedure.Recovering, default);
        var writer = new DiskWriter(site.Context, disk, point.Geometry, point.Disks[0], deadline, progress, _pool);
        await writer.RunAsync();
        return writer.WrittenBytes;
    }

    private static byte[] Content(RecordedDisk disk, params (int Offset, int Length, int Seed)[] filled)
    {
        var content = new byte[disk.Content.Length];
        foreach (var (offset, length, seed) in filled)
        {
            new Random(seed).NextBytes(content.AsSpan(offset, length));
        }

        return content;
    }
}
