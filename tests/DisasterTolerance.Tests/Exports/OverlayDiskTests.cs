using DisasterTolerance.Chunking;
using DisasterTolerance.Exports;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd.Tests.Interop;
using static DisasterTolerance.Tests.Exports.PointDiskTests;

namespace DisasterTolerance.Tests.Exports;

public sealed class OverlayDiskTests : IDisposable
{
    private const int Length = 1_000_003;

    private static readonly ContentHash Name = ContentHash.Of("base"u8);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("overlay");
    private readonly MemoryBase _base = new(Length, seed: 1);

    private string Folder => Path.Combine(_folder.FullName, "one");

    public void Dispose() => _folder.Delete(true);

    [Fact]
    public async Task ReadAsync_NothingWritten_IsTheBase()
    {
        using var disk = Open();

        Assert.False(disk.IsReadOnly);
        Assert.Equal(_base.Content, await ReadAllAsync(disk));
        Assert.Equal(
            [(0L, ExtentKind.Data), (Length / 4, ExtentKind.Unallocated), (Length / 4 * 2, ExtentKind.Data)],
            (await disk.GetExtentsAsync(0, Length, default).ToListAsync()).Select(extent => (extent.Offset, extent.Kind)));
    }

    [Fact]
    public async Task WriteAsync_RandomChanges_AreThereAtOnceAndAfterOpeningAgain()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var expected = (byte[])_base.Content.Clone();
        var before = (byte[])_base.Content.Clone();
        for (var round = 0; round < 4; round++)
        {
            using var disk = Open();
            for (var i = 0; i < 100; i++)
            {
                await ChangeAsync(disk, expected, random);
                Assert.True(Same(expected, await ReadAllAsync(disk)), $"round {round}, change {i}, seed {seed}");
            }

            await AssertExtentsAsync(disk, expected);
        }

        using var last = Open();
        Assert.True(Same(expected, await ReadAllAsync(last)), $"at the end, seed {seed}");
        Assert.Equal(before, _base.Content);
    }

    [Fact]
    public async Task Open_FilesAsAKilledProcessLeavesThem_HasWhatWasAnswered()
    {
        Tool.Needs("cp");
        var random = new Random(4);
        var expected = (byte[])_base.Content.Clone();
        using var disk = Open();
        for (var life = 0; life < 5; life++)
        {
            for (var i = 0; i < 20; i++)
            {
                await ChangeAsync(disk, expected, random);
            }

            // What the system has of a file is what the next process gets, whether this one still runs or not.
            var left = Path.Combine(_folder.FullName, $"left-{life}");
            await Tool.RunAsync("cp", "-r", Folder, left);

            using var next = OverlayDisk.Open(left, _base, Name);
            Assert.True(Same(expected, await ReadAllAsync(next)), $"life {life}");
        }
    }

    [Fact]
    public async Task WriteAsync_OverlappingAtOnce_OneOfThemWinsInEveryByte()
    {
        using var disk = Open();
        await Task.WhenAll(Enumerable.Range(1, 50).Select(async value =>
        {
            await Task.Yield();
            var content = new byte[10_000 + value];
            Array.Fill(content, (byte)value);
            await disk.WriteAsync(100 * value, content, false, default);
        }));

        var whole = await ReadAllAsync(disk);
        for (var at = 0; at < 20_000; at++)
        {
            var candidates = Enumerable.Range(1, 50).Where(value => at >= 100 * value && at < (100 * value) + 10_000 + value).Select(value => (byte)value).DefaultIfEmpty(_base.Content[at]);
            Assert.Contains(whole[at], candidates);
        }
    }

    [Fact]
    public async Task WriteAsync_PartsOfOneBlockAtOnce_AreAllThere()
    {
        using var disk = Open();
        await Task.WhenAll(Enumerable.Range(0, 4096).Select(async at =>
        {
            await Task.Yield();
            await disk.WriteAsync(8192 + at, new[] { (byte)at }, false, default);
        }));

        var block = new byte[4096];
        await disk.ReadAsync(8192, block, default);

        Assert.Equal(Enumerable.Range(0, 4096).Select(at => (byte)at), block);
    }

    [Fact]
    public async Task FlushAsync_ManyAtOnce_AreAllAnswered()
    {
        using var disk = Open();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async at =>
        {
            await Task.Yield();
            await disk.WriteAsync(at * 4096, new byte[100], true, default);
        }));

        Assert.Null(disk.Failure);
    }

    [Fact]
    public async Task Open_InUse_IsRefused()
    {
        using var disk = Open();

        var error = Assert.Throws<StorageException>(Open);

        Assert.Equal(ErrorCode.StoreInUse, error.Code);
        await disk.FlushAsync(default);
    }

    [Fact]
    public void Open_OverAnotherBase_IsRefused()
    {
        Open().Dispose();

        var other = Assert.Throws<DisasterToleranceException>(() => OverlayDisk.Open(Folder, _base, ContentHash.Of("other"u8)));
        var longer = Assert.Throws<DisasterToleranceException>(() => OverlayDisk.Open(Folder, new MemoryBase(Length + 1, 1), Name));

        Assert.All([other, longer], error => Assert.Equal(ErrorCode.DataDamaged, error.Code));
    }

    [Fact]
    public async Task Open_MapDamagedAnywhere_GivesAnEarlierStateOrIsRefused()
    {
        using (var disk = Open())
        {
            for (var i = 0; i < 40; i++)
            {
                await disk.WriteAsync(i * 8192, new byte[5000], true, default);
            }
        }

        var map = Path.Combine(Folder, "map");
        var sound = await File.ReadAllBytesAsync(map);
        for (var at = 0; at < sound.Length; at += 7)
        {
            var damaged = (byte[])sound.Clone();
            damaged[at] ^= 0x10;
            await File.WriteAllBytesAsync(map, damaged);
            try
            {
                using var disk = Open();
                var content = await ReadAllAsync(disk);
                for (var i = 0; i < 40; i++)
                {
                    var piece = content.AsSpan(i * 8192, 5000);
                    Assert.True(!piece.ContainsAnyExcept((byte)0) || piece.SequenceEqual(_base.Content.AsSpan(i * 8192, 5000)), $"byte {at} damaged, write {i}");
                }
            }
            catch (DisasterToleranceException refused) when (refused.Code is ErrorCode.DataDamaged or ErrorCode.FormatVersion)
            {
                Assert.True(at < OverlayFormat.HeaderSize, $"byte {at} is not of the header");
            }
        }
    }

    [Fact]
    public void Open_DataCutShort_IsRefused()
    {
        Open().Dispose();
        using (var data = new FileStream(Path.Combine(Folder, "data"), FileMode.Open))
        {
            data.SetLength(10);
        }

        Assert.Equal(ErrorCode.DataDamaged, Assert.Throws<DisasterToleranceException>(Open).Code);
    }

    [Fact]
    public async Task TrimAsync_WrittenBlocks_GivesTheSpaceBack()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "skipped: no holes to punch");
        using var big = OverlayDisk.Open(Folder, new MemoryBase(16 << 20, 2), Name);
        await big.WriteAsync(0, new byte[8 << 20].Select(_ => (byte)7).ToArray(), true, default);
        var full = AllocatedBytes();

        await big.TrimAsync(0, 8 << 20, true, default);

        Assert.True(AllocatedBytes() < full - (7 << 20), $"{AllocatedBytes()} of {full} bytes are still taken");
    }

    [Fact]
    public async Task WriteZeroesAsync_TwoTebibytes_IsOneRecord()
    {
        using var disk = OverlayDisk.Open(Folder, new ZeroBase(2L << 40), Name);
        for (long at = 0; at < disk.Length; at += 4L << 30)
        {
            await disk.WriteZeroesAsync(at, Math.Min(4L << 30, disk.Length - at), true, false, default);
        }

        await disk.FlushAsync(default);

        Assert.True(new FileInfo(Path.Combine(Folder, "map")).Length < 100_000);
        Assert.Equal(new DiskExtent(0, 2L << 40, ExtentKind.Zero), Assert.Single(await disk.GetExtentsAsync(0, disk.Length, default).ToListAsync()));
    }

    [Fact]
    public async Task FlushAsync_LogGrownLong_BeginsItAnewAndKeepsAll()
    {
        const int blocks = 3000;
        using (var disk = OverlayDisk.Open(Folder, new ZeroBase(blocks * 4096), Name))
        {
            // Every other block written and trimmed in turn: each change is a record.
            for (var round = 0; round < 26; round++)
            {
                for (var block = round % 2; block < blocks; block += 2)
                {
                    if (round / 2 % 2 == 0)
                    {
                        await disk.WriteAsync(block * 4096L, new[] { (byte)(round + 1) }, false, default);
                    }
                    else
                    {
                        await disk.TrimAsync(block * 4096L, 4096, false, default);
                    }
                }

                await disk.FlushAsync(default);
            }

            Assert.True(new FileInfo(Path.Combine(Folder, "map")).Length < 1_100_000, "the log was never begun anew");
        }

        using var again = OverlayDisk.Open(Folder, new ZeroBase(blocks * 4096), Name);
        var content = await ReadAllAsync(again);
        Assert.All(Enumerable.Range(0, blocks), block => Assert.Equal(block % 2 == 0 ? 25 : 26, content[block * 4096]));
    }

    internal static async Task ChangeAsync(OverlayDisk disk, byte[] expected, Random random)
    {
        var offset = random.Next(expected.Length);
        var length = random.Next(1, Math.Min(expected.Length - offset, random.Next(3) == 0 ? 60_000 : 6000) + 1);
        var isDurable = random.Next(10) == 0;
        switch (random.Next(5))
        {
            case 0:
                await disk.WriteZeroesAsync(offset, length, random.Next(2) == 0, isDurable, default);
                expected.AsSpan(offset, length).Clear();
                break;
            case 1:
                var (first, end) = ((offset + 4095) / 4096 * 4096, offset + length == expected.Length ? expected.Length : (offset + length) / 4096 * 4096);
                await disk.TrimAsync(offset, length, isDurable, default);
                expected.AsSpan(Math.Min(first, end), Math.Max(0, end - first)).Clear();
                break;
            default:
                var content = new byte[length];
                random.NextBytes(content);
                await disk.WriteAsync(offset, content, isDurable, default);
                content.CopyTo(expected.AsSpan(offset));
                break;
        }
    }

    private static async Task AssertExtentsAsync(OverlayDisk disk, byte[] expected)
    {
        var at = 0L;
        await foreach (var extent in disk.GetExtentsAsync(0, disk.Length, default))
        {
            Assert.Equal(at, extent.Offset);
            at = extent.End;
            Assert.True(extent.Kind == ExtentKind.Data || !expected.AsSpan((int)extent.Offset, (int)extent.Length).ContainsAnyExcept((byte)0), $"{extent} is not zeros");
        }

        Assert.Equal(disk.Length, at);
    }

    private static bool Same(byte[] expected, byte[] actual) => expected.AsSpan().SequenceEqual(actual);

    private OverlayDisk Open() => OverlayDisk.Open(Folder, _base, Name);

    private long AllocatedBytes()
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("du", ["-B1", Path.Combine(Folder, "data")]) { RedirectStandardOutput = true })!;
        return long.Parse(process.StandardOutput.ReadToEnd().Split('\t')[0], System.Globalization.CultureInfo.InvariantCulture);
    }
}
