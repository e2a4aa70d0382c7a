using DisasterTolerance.Storage;
using DisasterTolerance.Store;
using DisasterTolerance.Store.Local;
using DisasterTolerance.Testing.Conformance;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Tests.Testing;

public sealed class StorageConformanceTests
{
    public static TheoryData<string> Cases => [.. StorageConformance.Cases.Select(item => item.Name)];

    [Fact]
    public void Cases_Names_AreUnique() => Assert.Equal(StorageConformance.Cases.Count, StorageConformance.Cases.Select(item => item.Name).Distinct().Count());

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Cases))]
    public async Task InMemoryStorage_EachCase_Conforms(string name)
    {
        await using var fixture = new MemoryFixture();
        Assert.Null(await StorageConformance.Find(name).RunAsync(fixture, TestContext.Current.CancellationToken));
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Cases))]
    public async Task LocalDirectoryStorage_EachCase_Conforms(string name)
    {
        await using var fixture = new LocalFixture();
        Assert.Null(await StorageConformance.Find(name).RunAsync(fixture, TestContext.Current.CancellationToken));
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Cases))]
    public async Task SpoolingStorage_EachCase_Conforms(string name)
    {
        await using var fixture = new SpoolFixture();
        Assert.Null(await StorageConformance.Find(name).RunAsync(fixture, TestContext.Current.CancellationToken));
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Cases))]
    public async Task StorageWithoutAppend_EachCase_ConformsOrIsSkipped(string name)
    {
        await using var fixture = new MemoryFixture { CanAppend = false };
        var reason = await StorageConformance.Find(name).RunAsync(fixture, TestContext.Current.CancellationToken);
        Assert.True(reason is null || fixture.Storage is not IAppendStorage);
    }

    private sealed class MemoryFixture : StorageFixture
    {
        private readonly InMemoryStorage _storage = new();

        public bool CanAppend { get; init; } = true;

        // Through the decorator without faults, which must not be seen.
        public override IStorageProvider Storage =>
            FaultyStorage.Wrap(CanAppend ? _storage : new PlainStorage(_storage), new FaultPlan(TimeProvider.System));

        public override ValueTask<bool> ReopenAsync(CancellationToken cancellationToken)
        {
            _storage.Crash(1);
            return new(true);
        }

        public override ValueTask<bool> SetFullAsync(bool isFull, CancellationToken cancellationToken)
        {
            _storage.CapacityBytes = isFull ? _storage.UsedBytes + 100 : null;
            return new(true);
        }
    }

    private sealed class LocalFixture : StorageFixture
    {
        private readonly string _path = Directory.CreateTempSubdirectory("dt-local").FullName;
        private LocalDirectoryStorage _storage;

        public LocalFixture() => _storage = Open();

        public override IStorageProvider Storage => _storage;

        public override ValueTask<bool> ReopenAsync(CancellationToken cancellationToken)
        {
            _storage.Dispose();
            _storage = Open();
            return new(true);
        }

        public override ValueTask DisposeAsync()
        {
            _storage.Dispose();
            Directory.Delete(_path, recursive: true);
            return base.DisposeAsync();
        }

        private LocalDirectoryStorage Open() => LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = _path });
    }

    private sealed class SpoolFixture : StorageFixture
    {
        private readonly string _path = Directory.CreateTempSubdirectory("dt-spool").FullName;
        private readonly InMemoryStorage _inner = new();
        private SpoolingStorage _storage;

        public SpoolFixture() => _storage = Open();

        public override IStorageProvider Storage => _storage;

        public override ValueTask<bool> ReopenAsync(CancellationToken cancellationToken)
        {
            _storage.Dispose();
            _storage = Open();
            return new(true);
        }

        public override ValueTask DisposeAsync()
        {
            _storage.Dispose();
            Directory.Delete(_path, recursive: true);
            return base.DisposeAsync();
        }

        private SpoolingStorage Open() =>
            SpoolingStorage.OpenAsync(new PlainStorage(_inner), _path, NullLogger.Instance, CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }
}
