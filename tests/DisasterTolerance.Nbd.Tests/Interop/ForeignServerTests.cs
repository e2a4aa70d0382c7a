using System.Buffers.Binary;
using DisasterTolerance.Nbd.Tests.Support;

namespace DisasterTolerance.Nbd.Tests.Interop;

/// <summary>Our client against nbdkit and qemu-nbd.</summary>
public sealed class ForeignServerTests : IDisposable
{
    private const int Size = 8 << 20;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Nbdkit_MemoryDisk_TakesEveryRequest()
    {
        Tool.Needs("nbdkit");
        await using var server = await ForeignServer.NbdkitAsync(_folder, "memory", $"{Size}");
        await using var client = await _folder.ConnectAsync(options => options.Contexts = [NbdExtent.BaseAllocation]);
        var (data, buffer) = (new byte[2 << 20], new byte[Size]);
        new Random(7).NextBytes(data);

        await client.WriteAsync(1 << 20, data, isDurable: true);
        await client.WriteZeroesAsync(1 << 20, 1 << 20);
        await client.TrimAsync(6 << 20, 65_536);
        await client.FlushAsync();
        await client.ReadAsync(0, buffer);
        var extents = await client.BlockStatusAsync(NbdExtent.BaseAllocation, 0, Size).ToListAsync();

        Assert.Equal(data.AsSpan(1 << 20), buffer.AsSpan(2 << 20, 1 << 20));
        Assert.False(buffer.AsSpan(0, 2 << 20).ContainsAnyExcept((byte)0));
        Assert.True(client.CanMultiConn);
        Assert.Equal((0, Size), (extents[0].Offset, extents[^1].End));
        Assert.Equal(1 << 20, extents.Where(extent => extent.Status == 0).Sum(extent => extent.Length));
    }

    [Fact]
    public async Task Nbdkit_PatternReadInManyRequests_IsThePattern()
    {
        Tool.Needs("nbdkit");
        await using var server = await ForeignServer.NbdkitAsync(_folder, "pattern", $"{Size}");
        await using var client = await _folder.ConnectAsync();
        var buffer = new byte[Size];

        await Task.WhenAll(Enumerable.Range(0, Size >> 14).Select(index => client.ReadAsync(index << 14, buffer.AsMemory(index << 14, 1 << 14)).AsTask())).WaitAsync(TestFolder.HangLimit);

        for (var at = 0; at < Size; at += sizeof(ulong))
        {
            Assert.Equal((ulong)at, BinaryPrimitives.ReadUInt64BigEndian(buffer.AsSpan(at)));
        }
    }

    [Fact]
    public async Task Nbdkit_DataPlugin_ReadsWhatItWasGiven()
    {
        Tool.Needs("nbdkit");
        await using var server = await ForeignServer.NbdkitAsync(_folder, "data", "data= 1 2 3 @0x10000 \"hello\" ", "size=131072");
        await using var client = await _folder.ConnectAsync();
        var buffer = new byte[131_072];
        Array.Fill(buffer, (byte)0xee);

        await client.ReadAsync(0, buffer);

        Assert.Equal([1, 2, 3, 0], buffer[..4]);
        Assert.Equal("hello"u8, buffer.AsSpan(0x10000, 5));
        Assert.False(buffer.AsSpan(0x10005).ContainsAnyExcept((byte)0));
    }

    [Theory]
    [InlineData("EIO", NbdError.InputOutput, false)]
    [InlineData("ENOMEM", NbdError.NoMemory, true)]
    [InlineData("ESHUTDOWN", NbdError.ShuttingDown, true)]
    public async Task Nbdkit_ErrorFilter_IsToldAsItsNumber(string number, NbdError error, bool isTransient)
    {
        Tool.Needs("nbdkit");
        await using var server = await ForeignServer.NbdkitAsync(_folder, "--filter=error", "memory", "1M", $"error-pread={number}", "error-pread-rate=100%");
        await using var client = await _folder.ConnectAsync();

        var failed = await Assert.ThrowsAsync<NbdException>(async () => await client.ReadAsync(0, new byte[4096]));
        await client.WriteAsync(0, new byte[4096]);

        Assert.Equal((error, isTransient), (failed.Error, failed.IsTransient));
    }

    [Fact]
    public async Task Nbdkit_DelayFilter_RequestsWaitTogether()
    {
        Tool.Needs("nbdkit");
        await using var server = await ForeignServer.NbdkitAsync(_folder, "--filter=delay", "pattern", "1M", "delay-read=200ms");
        await using var client = await _folder.ConnectAsync();
        var buffers = Enumerable.Range(0, 64).Select(_ => new byte[8]).ToList();

        await Task.WhenAll(buffers.Select((buffer, index) => client.ReadAsync(index * 4096, buffer).AsTask())).WaitAsync(TestFolder.HangLimit);

        Assert.All(buffers.Index(), one => Assert.Equal((ulong)one.Index * 4096, BinaryPrimitives.ReadUInt64BigEndian(one.Item)));
    }

    [Fact]
    public async Task Nbdkit_RateFilter_SlowServerIsWaitedFor()
    {
        Tool.Needs("nbdkit");
        await using var server = await ForeignServer.NbdkitAsync(_folder, "--filter=rate", "pattern", "1M", "rate=20M");
        await using var client = await _folder.ConnectAsync();
        var buffer = new byte[1 << 20];

        await Task.WhenAll(Enumerable.Range(0, 16).Select(index => client.ReadAsync(index << 16, buffer.AsMemory(index << 16, 1 << 16)).AsTask())).WaitAsync(TestFolder.HangLimit);

        Assert.All(Enumerable.Range(0, 16), index => Assert.Equal((ulong)index << 16, BinaryPrimitives.ReadUInt64BigEndian(buffer.AsSpan(index << 16))));
    }

    [Fact]
    public async Task Nbdkit_ErrorFilterOnWrites_IsToldAndTheConnectionGoesOn()
    {
        Tool.Needs("nbdkit");
        await using var server = await ForeignServer.NbdkitAsync(_folder, "--filter=error", "memory", "1M", "error-pwrite=ENOSPC", "error-pwrite-rate=100%");
        await using var client = await _folder.ConnectAsync();

        var full = await Assert.ThrowsAsync<NbdException>(() => client.WriteAsync(0, new byte[4096]).AsTask());
        await client.ReadAsync(0, new byte[4096]);

        Assert.Equal((ErrorCode.StorageFull, NbdError.NoSpace), (full.Code, full.Error));
    }

    [Fact]
    public async Task Nbdkit_CowFilter_TakesWritesOverAReadOnlyBase()
    {
        Tool.Needs("nbdkit");
        await using var server = await ForeignServer.NbdkitAsync(_folder, "--filter=cow", "pattern", "1M");
        await using var client = await _folder.ConnectAsync();
        var buffer = new byte[16];

        await client.WriteAsync(65_536, new byte[8]);
        await client.FlushAsync();
        await client.ReadAsync(65_536, buffer);

        Assert.Equal((0UL, 65_544UL), (BinaryPrimitives.ReadUInt64BigEndian(buffer), BinaryPrimitives.ReadUInt64BigEndian(buffer.AsSpan(8))));
    }

    [Fact]
    public async Task Nbdkit_Killed_FailsWhatIsInFlightTransiently()
    {
        Tool.Needs("nbdkit");
        var server = await ForeignServer.NbdkitAsync(_folder, "--filter=delay", "memory", "1M", "delay-read=600");
        await using var client = await _folder.ConnectAsync();
        var read = client.ReadAsync(0, new byte[512]).AsTask();

        await server.DisposeAsync();
        var lost = await Assert.ThrowsAsync<NbdException>(() => read.WaitAsync(TestFolder.HangLimit));

        Assert.True(lost.IsTransient);
    }

    [Fact]
    public async Task QemuNbd_RawImage_ReadsAndWrites()
    {
        Tool.Needs("qemu-nbd");
        var content = new byte[Size];
        new Random(8).NextBytes(content);
        await File.WriteAllBytesAsync(_folder.File("disk"), content);
        await using var server = await ForeignServer.QemuNbdAsync(_folder, "-x", "disk", "-f", "raw", _folder.File("disk"));
        await using var client = await _folder.ConnectAsync(options => options.Export = "disk");
        var buffer = new byte[Size];

        await client.ReadAsync(0, buffer);
        await client.WriteAsync(4096, new byte[512], isDurable: true);

        Assert.Equal(content, buffer);
        content.AsSpan(4096, 512).Clear();
        Assert.Equal(content, await File.ReadAllBytesAsync(_folder.File("disk")));
    }

    [Fact]
    public async Task QemuNbd_PersistentBitmap_NamesWhatChanged()
    {
        Tool.Needs("qemu-nbd", "qemu-img", "qemu-io");
        var image = _folder.File("disk.qcow2");
        await Tool.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", image, "64M");
        await Tool.RunAsync("qemu-io", "-f", "qcow2", "-c", "write -P 1 0 1M", image);
        await Tool.RunAsync("qemu-img", "bitmap", "--add", image, "run-1");
        await Tool.RunAsync("qemu-io", "-f", "qcow2", "-c", "write -P 2 8M 64k", "-c", "write -P 3 40M 128k", image);
        await using var server = await ForeignServer.QemuNbdAsync(_folder, "-r", "-B", "run-1", "-f", "qcow2", image);
        const string context = "qemu:dirty-bitmap:run-1";

        var offered = await NbdClient.ListContextsAsync(new() { Server = _folder.Socket, Contexts = ["qemu:"] });
        await using var client = await _folder.ConnectAsync(options => options.Contexts = [NbdExtent.BaseAllocation, context]);
        var dirty = await client.BlockStatusAsync(context, 0, client.Length).Where(extent => (extent.Status & NbdExtent.Dirty) != 0).ToListAsync();
        var allocated = await client.BlockStatusAsync(NbdExtent.BaseAllocation, 0, client.Length).Where(extent => (extent.Status & NbdExtent.Hole) == 0).ToListAsync();
        var buffer = new byte[64 << 10];
        await client.ReadAsync(dirty[0].Offset, buffer);

        Assert.Contains(context, offered);
        Assert.Equal([new(8 << 20, 64 << 10, 1), new(40 << 20, 128 << 10, 1)], dirty);
        Assert.Equal((1 << 20) + (192 << 10), allocated.Sum(extent => extent.Length));
        Assert.False(buffer.AsSpan().ContainsAnyExcept((byte)2));
    }
}
