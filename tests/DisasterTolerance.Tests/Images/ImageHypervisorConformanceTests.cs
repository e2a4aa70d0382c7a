using DisasterTolerance.Hypervisors;
using DisasterTolerance.Images;
using DisasterTolerance.Testing.Conformance;

namespace DisasterTolerance.Tests.Images;

public sealed class ImageHypervisorConformanceTests
{
    public static TheoryData<string> Cases => [.. HypervisorConformance.Cases.Select(item => item.Name)];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Cases))]
    public async Task ImageHypervisor_EachCase_Conforms(string name)
    {
        await using var fixture = new ImageFixture(parent: null);
        string? notConcerned = await HypervisorConformance.Find(name).RunAsync(fixture, TestContext.Current.CancellationToken);

        // Images have no change tracker, and snapshots of their own only where the file system clones: nothing else may be left out.
        Assert.True(notConcerned is null || name.StartsWith("GetChangedExtents_", StringComparison.Ordinal) || !fixture.SnapshotsAreIsolated, notConcerned);
    }

    [Fact(Timeout = 300_000)]
    public async Task ImageHypervisor_AllCasesWithClones_Conform()
    {
        string folder = CloneFolders.Require();
        foreach (ConformanceCase<HypervisorFixture> item in HypervisorConformance.Cases)
        {
            await using var fixture = new ImageFixture(folder);
            Assert.True(fixture.SnapshotsAreIsolated, "That file system does not clone files.");
            await item.RunAsync(fixture, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void Cases_Names_AreUnique() =>
        Assert.Equal(HypervisorConformance.Cases.Count, HypervisorConformance.Cases.Select(item => item.Name).Distinct().Count());

    private sealed class ImageFixture(string? parent) : HypervisorFixture
    {
        private readonly ImageSite _site = new(parent, "alpha");

        public override IHypervisorProvider Provider => _site.Provider;

        public override string? KnownHost => "alpha";

        public override bool SnapshotsAreIsolated => _site.Provider.Capabilities.SnapshotsSurviveRestart;

        public override ValueTask<Guid> CreateMachineAsync(MachineDefinition definition, CancellationToken cancellationToken)
        {
            Guid machine = NewMachineId();
            string folder = Directory.CreateDirectory(Path.Combine(_site.Root, "made-" + machine.ToString("N"))).FullName;
            foreach (DiskDefinition disk in definition.Disks)
            {
                using FileStream file = File.Create(Path.Combine(folder, disk.Id + ".img"));
                file.SetLength(disk.LengthBytes);
            }

            var document = new MachineDocument
            {
                Uuid = machine,
                Name = definition.Name,
                Group = definition.Group,
                Disks = [.. definition.Disks.Select(disk => new DiskEntry { Id = disk.Id, Path = disk.Id + ".img" })],
            };
            File.WriteAllBytes(Path.Combine(folder, "machine.json"), System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(document, ImageJson.Default.MachineDocument));
            return new(machine);
        }

        public override async ValueTask WriteAsGuestAsync(Guid machine, string disk, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            string path = Path.Combine(_site.Root, "made-" + machine.ToString("N"), disk + ".img");
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            await RandomAccess.WriteAsync(handle, content, offset, cancellationToken);
        }

        public override ValueTask<bool> ReopenAsync(CancellationToken cancellationToken)
        {
            _site.Reopen();
            return new(true);
        }

        public override ValueTask DisposeAsync()
        {
            _site.Dispose();
            return base.DisposeAsync();
        }
    }
}
