using System.Globalization;
using Microsoft.Win32.SafeHandles;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store.Local;

public sealed class LocalDirectoryStorageTests : IDisposable
{
    private const int IoError = 5;
    private const int NoSpace = 28;
    private const int OverQuota = 122;

    private readonly string _path = Directory.CreateTempSubdirectory("dt-store").FullName;

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Fact]
    public void Open_Twice_NamesTheProcessThatHasIt()
    {
        using var first = Open();

        var error = Assert.Throws<StorageException>(() => Open());

        Assert.Equal(ErrorCode.StoreInUse, error.Code);
        Assert.Contains(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_AfterDispose_Works()
    {
        Open().Dispose();
        Open().Dispose();
    }

    [Fact]
    public void Open_ParentIsAFile_NamesThePath()
    {
        File.WriteAllText(Path.Combine(_path, "file"), "");

        var error = Assert.Throws<StorageException>(() => LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = Path.Combine(_path, "file", "store") }));

        Assert.Equal(ErrorCode.StorageFailed, error.Code);
        Assert.Contains(_path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_PartsOfAKilledPut_AreRemoved()
    {
        using (var storage = Open())
        {
            await storage.PutAsync("a/b", new MemoryStream([1]), Token);
        }

        File.WriteAllText(Path.Combine(_path, "a", "c" + LocalPaths.PartMark), "half");
        using var again = Open();

        Assert.Equal(["a/b"], await ListAsync(again));
        Assert.Single(Directory.GetFiles(Path.Combine(_path, "a")));
    }

    [Theory]
    [InlineData(IoError, ErrorCode.StorageFailed)]
    [InlineData(NoSpace, ErrorCode.StorageFull)]
    [InlineData(OverQuota, ErrorCode.StorageFull)]
    public async Task PutAsync_FsyncFails_SaysSoAndLeavesNothing(int number, ErrorCode code)
    {
        var sync = new FailingSync();
        using var storage = LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = _path }, sync);
        sync.FileError = number;

        var error = await Assert.ThrowsAsync<StorageException>(async () => await storage.PutAsync("a", new MemoryStream([1]), Token));

        Assert.Equal(code, error.Code);
        Assert.Null(await storage.GetLengthAsync("a", Token));
        sync.FileError = 0;
        await storage.PutAsync("a", new MemoryStream([1]), Token);
    }

    [Fact]
    public async Task PutAsync_DirectoryFsyncFails_SaysSo()
    {
        var sync = new FailingSync { DirectoryError = IoError };
        using var storage = LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = _path }, sync);

        Assert.Equal(ErrorCode.StorageFailed, (await Assert.ThrowsAsync<StorageException>(async () => await storage.PutAsync("a", new MemoryStream([1]), Token))).Code);
    }

    [Fact]
    public async Task FlushAsync_FsyncFails_AbandonsTheBlob()
    {
        var sync = new FailingSync();
        using var storage = LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = _path }, sync);
        await using var blob = await storage.BeginAsync("a", Token);
        await blob.AppendAsync(new byte[10], Token);
        sync.FileError = IoError;
        await Assert.ThrowsAsync<StorageException>(async () => await blob.FlushAsync(Token));

        sync.FileError = 0;
        await Assert.ThrowsAsync<StorageException>(async () => await blob.FlushAsync(Token));
        await Assert.ThrowsAsync<StorageException>(async () => await blob.SealAsync(Token));
    }

    [Fact]
    public async Task RecordStore_FsyncFails_FailsTheFlushAndGoesOnInANewPack()
    {
        var sync = new FailingSync();
        using var storage = LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = _path }, sync);
        await using (var store = await OpenAsync(storage))
        {
            using (var scope = store.BeginScope())
            {
                await AddAsync(scope, Chunk(1));
                await scope.FlushAsync(Token);
                sync.FileError = IoError;
                await AddAsync(scope, Chunk(2));
                await Assert.ThrowsAsync<StorageException>(async () => await scope.FlushAsync(Token));
            }

            sync.FileError = 0;
            using var again = store.BeginScope();
            await AddAsync(again, Chunk(2));
            await again.FlushAsync(Token);
            Assert.Equal(1, store.Generation);
        }

        await using var reopened = await OpenAsync(storage);
        Assert.Equal(Chunk(1), await ReadAsync(reopened, Chunking.ContentHash.Of(Chunk(1))));
        Assert.Equal(Chunk(2), await ReadAsync(reopened, Chunking.ContentHash.Of(Chunk(2))));
        Assert.Empty((await reopened.VerifyAsync(0, Token)).Damaged);
    }

    [Fact]
    public void SyncFile_RealFile_ReportsNoError()
    {
        using var file = File.OpenHandle(Path.Combine(_path, "x"), FileMode.CreateNew, FileAccess.Write);

        Assert.Equal(0, DurableFile.Instance.SyncFile(file));
        Assert.Equal(0, DurableFile.Instance.SyncDirectory(_path));
    }

    [Fact]
    public void SyncDirectory_NoSuchDirectory_ReportsIt()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has a directory's fsync.");

        Assert.Equal(2, DurableFile.Instance.SyncDirectory(Path.Combine(_path, "none")));
    }

    [Fact]
    public void SyncFile_PipeThatCannot_ReportsTheError()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux is called directly.");
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream();
        using var handle = new SafeFileHandle(pipe.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);

        // EINVAL: a real error of the real call, which the base library does not tell.
        Assert.Equal(22, DurableFile.Instance.SyncFile(handle));
    }

    private LocalDirectoryStorage Open() => LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = _path });

    private static async Task<List<string>> ListAsync(LocalDirectoryStorage storage)
    {
        var names = new List<string>();
        await foreach (var blob in storage.ListAsync("", Token))
        {
            names.Add(blob.Name);
        }

        return names;
    }

    private sealed class FailingSync : IFileSync
    {
        public int FileError { get; set; }

        public int DirectoryError { get; set; }

        public int SyncFile(SafeFileHandle file) => FileError;

        public int SyncDirectory(string path) => DirectoryError;
    }
}
