using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Testing.Hypervisors;

/// <summary>A snapshot whose reads pass through a plan. Owns the inner one.</summary>
internal sealed class FaultySnapshot : ISnapshot
{
    private readonly FaultPlan _plan;
    private readonly Func<string, Exception> _error;

    public FaultySnapshot(ISnapshot inner, FaultPlan plan, Func<string, Exception> error)
    {
        Inner = inner;
        _plan = plan;
        _error = error;
        Disks = [.. inner.Disks.Select(disk => new Disk(disk, plan, $"{inner.Machine:D}/{disk.Definition.Id}", error))];
    }

    public ISnapshot Inner { get; }

    public string Id => Inner.Id;

    public Guid Machine => Inner.Machine;

    public SnapshotConsistency Consistency => Inner.Consistency;

    public MachineDefinition Definition => Inner.Definition;

    public IReadOnlyList<ISnapshotDisk> Disks { get; }

    public ValueTask<SnapshotStability> CheckStabilityAsync(CancellationToken cancellationToken) =>
        _plan.RunAsync("Snapshot.CheckStability", Machine.ToString("D"), _error, () => Inner.CheckStabilityAsync(cancellationToken), cancellationToken);

    public ValueTask DisposeAsync() => Inner.DisposeAsync();

    private sealed class Disk(ISnapshotDisk inner, FaultPlan plan, string subject, Func<string, Exception> error) : ISnapshotDisk
    {
        public DiskDefinition Definition => inner.Definition;

        public ChangeToken? ChangeToken => inner.ChangeToken;

        public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
            FaultySplit.ReadAsync(plan.Begin("Snapshot.Read", subject, error), inner.ReadAsync, offset, destination, cancellationToken);

        public IAsyncEnumerable<DiskExtent> GetExtentsAsync(CancellationToken cancellationToken) =>
            plan.ListAsync("Snapshot.GetExtents", subject, error, inner.GetExtentsAsync(cancellationToken), cancellationToken);
    }
}
