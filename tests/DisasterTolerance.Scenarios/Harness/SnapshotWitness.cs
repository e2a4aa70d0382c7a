using System.Security.Cryptography;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Hypervisors;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>
/// Sees what every snapshot holds at the instant when it is taken, before the engine reads it: the truth that recovery points are compared with. The engine names snapshots after the points that
/// it makes of them. Thread-safe.
/// </summary>
internal class SnapshotWitness(InMemoryHypervisor inner, SeenDisks seen) : IHypervisorProvider, IChangedBlockTracker, IGuestAgent
{
    public HypervisorCapabilities Capabilities => inner.Capabilities;

    public async ValueTask<ISnapshot> TakeSnapshotAsync(SnapshotRequest request, CancellationToken cancellationToken)
    {
        var snapshot = await inner.TakeSnapshotAsync(request, cancellationToken);
        var disks = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var disk in snapshot.Disks)
        {
            var content = new byte[disk.Definition.LengthBytes];
            await disk.ReadAsync(0, content, cancellationToken);
            disks.Add(disk.Definition.Id, SeenDisks.Name(content));
        }

        seen.Add(Guid.ParseExact(request.Id, "N"), disks);
        return snapshot;
    }

    public IAsyncEnumerable<MachineInfo> ListMachinesAsync(CancellationToken cancellationToken) => inner.ListMachinesAsync(cancellationToken);

    public ValueTask<MachineInfo?> FindMachineAsync(Guid machine, CancellationToken cancellationToken) => inner.FindMachineAsync(machine, cancellationToken);

    public IAsyncEnumerable<string> ListSnapshotsAsync(Guid machine, CancellationToken cancellationToken) => inner.ListSnapshotsAsync(machine, cancellationToken);

    public ValueTask ReleaseSnapshotAsync(Guid machine, string snapshot, SnapshotOutcome outcome, CancellationToken cancellationToken) =>
        inner.ReleaseSnapshotAsync(machine, snapshot, outcome, cancellationToken);

    public ValueTask<ShutdownResult> ShutDownAsync(Guid machine, TimeSpan gracePeriod, CancellationToken cancellationToken) => inner.ShutDownAsync(machine, gracePeriod, cancellationToken);

    public ValueTask StartAsync(Guid machine, string? host, CancellationToken cancellationToken) => inner.StartAsync(machine, host, cancellationToken);

    public ValueTask<string> RegisterAsync(Guid machine, MachineDefinition definition, CancellationToken cancellationToken) => inner.RegisterAsync(machine, definition, cancellationToken);

    public ValueTask UnregisterAsync(Guid machine, bool deleteDisks, CancellationToken cancellationToken) => inner.UnregisterAsync(machine, deleteDisks, cancellationToken);

    public ValueTask<ITargetDisk> OpenDiskAsync(Guid machine, DiskDefinition disk, CancellationToken cancellationToken) => inner.OpenDiskAsync(machine, disk, cancellationToken);

    public ValueTask<ChangedExtents> GetChangedExtentsAsync(ISnapshot snapshot, string disk, ChangeToken since, CancellationToken cancellationToken) =>
        inner.GetChangedExtentsAsync(snapshot, disk, since, cancellationToken);

    public ValueTask<bool> IsAliveAsync(Guid machine, CancellationToken cancellationToken) => inner.IsAliveAsync(machine, cancellationToken);
}

/// <summary>As <see cref="SnapshotWitness"/>, for a hypervisor that can start machines from exports.</summary>
internal sealed class InstantWitness(InMemoryHypervisor inner, SeenDisks seen) : SnapshotWitness(inner, seen), IInstantBoot, IConsoleCapture
{
    private readonly InstantInMemoryHypervisor _instant = new(inner);

    public ValueTask StartFromExportsAsync(Guid machine, MachineDefinition definition, IReadOnlyDictionary<string, Uri> exports, string? host, CancellationToken cancellationToken) =>
        _instant.StartFromExportsAsync(machine, definition, exports, host, cancellationToken);

    public ValueTask PullDisksAsync(Guid machine, IProgress<long>? copiedBytes, CancellationToken cancellationToken) => _instant.PullDisksAsync(machine, copiedBytes, cancellationToken);

    public ValueTask CaptureConsoleAsync(Guid machine, Stream destination, CancellationToken cancellationToken) => _instant.CaptureConsoleAsync(machine, destination, cancellationToken);
}

/// <summary>What the disks of every snapshot of a world held: names of contents by point and disk id. Thread-safe.</summary>
internal sealed class SeenDisks
{
    private readonly Dictionary<Guid, IReadOnlyDictionary<string, string>> _points = [];

    /// <summary>Short name of a content: equal for equal bytes and lengths only.</summary>
    public static string Name(ReadOnlySpan<byte> content) => $"{content.Length}:{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}";

    public void Add(Guid point, IReadOnlyDictionary<string, string> disks)
    {
        lock (_points)
        {
            _points[point] = disks;
        }
    }

    public IReadOnlyDictionary<string, string> Of(Guid point)
    {
        lock (_points)
        {
            return _points[point];
        }
    }
}
