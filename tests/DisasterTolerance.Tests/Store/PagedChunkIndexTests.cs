using DisasterTolerance.Chunking;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Store;

public sealed class PagedChunkIndexTests : IDisposable
{
    // So few pages in memory that most of them are in the file.
    private const int FewPages = 16 * IndexPage.Size;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dt-index-");

    private string File => Path.Combine(_folder.FullName, "store.index");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(FewPages)]
    [InlineData(PagedChunkIndex.DefaultCacheBytes)]
    public void AnyMember_RandomOperations_DoesWhatATableInMemoryDoes(int cacheBytes)
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var model = new MemoryChunkIndex();
        using var index = Open(cacheBytes);
        var names = Names(20_000);
        for (var round = 0; round < 400; round++)
        {
            var some = Enumerable.Range(0, random.Next(1, 300)).Select(_ => names[random.Next(names.Length)]).ToArray();
            if (random.Next(3) == 0)
            {
                model.Remove(some);
                index.Remove(some);
            }
            else
            {
                var entries = some.Select(name => new IndexEntry(name, Place(random.Next(1, 1000)))).ToArray();
                model.Add(entries);
                index.Add(entries);
            }

            Assert.Equal(model.Count, index.Count);
            Assert.Equal(Find(model, some), Find(index, some));
        }

        Assert.Equal(Find(model, names), Find(index, names));
        Assert.Equal(All(model), All(index));
    }

    [Fact]
    public void Open_Saved_HoldsTheSame()
    {
        var names = Names(5000);
        var stamp = Stamp();
        using (var index = Open(FewPages))
        {
            Fill(index, names);
            index.Save(stamp, []);
        }

        using var again = Open(FewPages);
        Assert.Equal((stamp.Store, stamp.Generation, stamp.Damage), (again.Stamp!.Store, again.Stamp.Generation, again.Stamp.Damage));
        Assert.Equal(stamp.Packs, again.Stamp.Packs);
        Assert.Equal(names.Length, again.Count);
        Assert.All(Find(again, names), location => Assert.False(location.IsNowhere));
    }

    [Fact]
    public void Open_KilledWhileWriting_BeginsEmpty()
    {
        var names = Names(20_000);
        var copy = File + ".copy";
        using (var index = Open(FewPages))
        {
            Fill(index, names[..5000]);
            index.Save(Stamp(), []);

            // The next pages go over what was saved: from the first of them on the file must not count.
            Fill(index, names);
            using var source = new FileStream(File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var target = System.IO.File.Create(copy);
            source.CopyTo(target);
        }

        using var again = PagedChunkIndex.Open(copy, FewPages, NullLogger.Instance);
        Assert.Equal((0L, (IndexStamp?)null), (again.Count, again.Stamp));
        Assert.True(again.Count == 0 && Find(again, names).All(location => location.IsNowhere));
    }

    [Fact]
    public void Open_ChangedInMemoryOnly_HoldsWhatWasSaved()
    {
        var names = Names(100);
        using (var index = Open(PagedChunkIndex.DefaultCacheBytes))
        {
            Fill(index, names[..50]);
            index.Save(Stamp(), []);
        }

        using (var index = Open(PagedChunkIndex.DefaultCacheBytes))
        {
            Fill(index, names);
        }

        using var again = Open(FewPages);
        Assert.Equal(50, again.Count);
        Assert.NotNull(again.Stamp);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(20)]
    [InlineData(-3)]
    public void Open_HeadOrTailDamaged_BeginsEmpty(int at)
    {
        Save(1000);
        Flip(at);
        using var again = Open(FewPages);
        Assert.Equal((0L, (IndexStamp?)null), (again.Count, again.Stamp));
    }

    [Fact]
    public void Open_CutOff_BeginsEmpty()
    {
        Save(1000);
        using (var file = new FileStream(File, FileMode.Open))
        {
            file.SetLength(file.Length - 1);
        }

        using var again = Open(FewPages);
        Assert.Null(again.Stamp);
    }

    [Fact]
    public void Find_PageDamaged_SaysSoInsteadOfAWrongAnswer()
    {
        var names = Save(1000);
        Flip(IndexPage.Size + 500);
        using var again = Open(FewPages);
        Assert.NotNull(again.Stamp);
        var error = Assert.Throws<StorageException>(() => Find(again, names));
        Assert.Contains("built anew", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Add_FileCannotBeWritten_GoesOnInMemory()
    {
        var names = Names(20_000);
        System.IO.File.WriteAllText(Path.Combine(_folder.FullName, "no-folder"), "");
        using var index = PagedChunkIndex.Open(Path.Combine(_folder.FullName, "no-folder", "store.index"), FewPages, NullLogger.Instance);
        Fill(index, names);
        Assert.All(Find(index, names), location => Assert.False(location.IsNowhere));
        Assert.ThrowsAny<IOException>(() => index.Save(Stamp(), []));
    }

    [Fact]
    public void Clear_Opened_IsEmptyAndTheFileDoesNotCount()
    {
        var names = Save(1000);
        using (var index = Open(FewPages))
        {
            index.Clear();
            Assert.All(Find(index, names), location => Assert.True(location.IsNowhere));
        }

        using var again = Open(FewPages);
        Assert.Null(again.Stamp);
    }

    private static IndexStamp Stamp() => new(Guid.NewGuid(), 7, 99, [new CoveredPack(1, 10, 20, 3), new CoveredPack(4, 11, 21, 4)], new byte[IndexStamp.LastBytes]);

    private static RecordLocation Place(int number) => new(number, number * 100, number + 60, RecordKind.Chunk, number % 3);

    private static ContentHash[] Names(int count) => [.. Enumerable.Range(0, count).Select(number => ContentHash.Of(BitConverter.GetBytes(number)))];

    private static void Fill(PagedChunkIndex index, ContentHash[] names) =>
        index.Add([.. names.Select((name, number) => new IndexEntry(name, Place(number + 1)))]);

    private static RecordLocation[] Find(IChunkIndex index, ContentHash[] names)
    {
        var found = new RecordLocation[names.Length];
        index.Find(names, found);
        return found;
    }

    private static List<string> All(IChunkIndex index)
    {
        var all = new List<string>();
        var batch = new IndexEntry[100];
        long cursor = 0;
        int read;
        while ((read = index.Read(ref cursor, batch)) > 0)
        {
            all.AddRange(batch.AsSpan(0, read).ToArray().Select(entry => $"{entry.Hash} {entry.Location}"));
        }

        all.Sort(StringComparer.Ordinal);
        return all;
    }

    private PagedChunkIndex Open(int cacheBytes) => PagedChunkIndex.Open(File, cacheBytes, NullLogger.Instance);

    private ContentHash[] Save(int count)
    {
        var names = Names(count);
        using var index = Open(FewPages);
        Fill(index, names);
        index.Save(Stamp(), []);
        return names;
    }

    private void Flip(int at)
    {
        using var file = new FileStream(File, FileMode.Open);
        file.Position = at < 0 ? file.Length + at : at;
        var old = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(old ^ 1));
    }
}
