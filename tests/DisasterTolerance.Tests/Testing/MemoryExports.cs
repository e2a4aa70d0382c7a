using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Conformance;
using DisasterTolerance.Testing.Hypervisors;

namespace DisasterTolerance.Tests.Testing;

/// <summary>Block devices in memory, found by their addresses.</summary>
internal sealed class MemoryExports
{
    private readonly InMemoryHypervisor _disks = new(TimeProvider.System);
    private readonly Dictionary<Uri, ITargetDisk> _served = [];

    public ITargetDisk? Find(Uri address) => _served.GetValueOrDefault(address);

    public async ValueTask<ServedExport> ServeAsync(long lengthBytes, CancellationToken cancellationToken)
    {
        var address = new Uri($"nbd://memory/{_served.Count}");
        var disk = await _disks.OpenDiskAsync(Guid.NewGuid(), new DiskDefinition("disk", lengthBytes), cancellationToken);
        _served.Add(address, disk);
        return new ServedExport(address, disk);
    }
}
