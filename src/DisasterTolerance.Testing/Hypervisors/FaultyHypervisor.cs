using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Testing.Hypervisors;

/// <summary>
/// A decorator that passes every call over <see cref="IHypervisorProvider"/>, its snapshots and its target disks through a <see cref="FaultPlan"/>. Operations are named
/// <c>Hypervisor.TakeSnapshot</c>, <c>Hypervisor.Start</c> and so on (the member without "Async"), <c>Snapshot.Read</c>, <c>Snapshot.GetExtents</c>,
/// <c>Snapshot.CheckStability</c>, <c>TargetDisk.Write</c> and so on; their subject is the machine's uuid, for disks <c>uuid/disk</c>. Thread-safe.
/// </summary>
public class FaultyHypervisor : IHypervisorProvider
{
    private readonly IHypervisorProvider _inner;

    private FaultyHypervisor(IHypervisorProvider inner, FaultPlan plan)
    {
        _inner = inner;
        Plan = plan;
    }

    /// <summary>The plan.</summary>
    public FaultPlan Plan { get; }

    /// <inheritdoc/>
    public HypervisorCapabilities Capabilities => _inner.Capabilities;

    /// <summary>
    /// Wraps a provider. The result has the optional abilities <see cref="IChangedBlockTracker"/> and <see cref="IGuestAgent"/> exactly if the provider has them, and <see cref="IInstantBoot"/> and
    /// <see cref="IConsoleCapture"/> if it has all four.
    /// </summary>
    /// <param name="inner">The provider.</param>
    /// <param name="plan">The faults.</param>
    /// <exception cref="ArgumentException">The provider has an ability that would be lost.</exception>
    public static FaultyHypervisor Wrap(IHypervisorProvider inner, FaultPlan plan)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(plan);
        if (inner is IChangedBlockTracker and IGuestAgent and IInstantBoot and IConsoleCapture)
        {
            return new WithAll(inner, plan);
        }

        if (inner is IInstantBoot or IConsoleCapture)
        {
            throw new ArgumentException("The decorator would hide instant boot or console capture, which it has only together and with the other abilities.", nameof(inner));
        }

        return (inner as IChangedBlockTracker, inner as IGuestAgent) switch
        {
            ({ } tracker, { } agent) => new WithBoth(inner, plan, tracker, agent),
            ({ } tracker, null) => new WithTracker(inner, plan, tracker),
            (null, { } agent) => new WithAgent(inner, plan, agent),
            _ => new FaultyHypervisor(inner, plan),
        };
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<MachineInfo> ListMachinesAsync(CancellationToken cancellationToken) =>
        Plan.ListAsync("Hypervisor.ListMachines", "", Error(null), _inner.ListMachinesAsync(cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MachineInfo?> FindMachineAsync(Guid machine, CancellationToken cancellationToken) =>
        Run("FindMachine", machine, () => _inner.FindMachineAsync(machine, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ISnapshot> TakeSnapshotAsync(SnapshotRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ISnapshot snapshot = await Run("TakeSnapshot", request.Machine, () => _inner.TakeSnapshotAsync(request, cancellationToken), cancellationToken).ConfigureAwait(false);
        return new FaultySnapshot(snapshot, Plan, Error(request.Machine));
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<string> ListSnapshotsAsync(Guid machine, CancellationToken cancellationToken) =>
        Plan.ListAsync("Hypervisor.ListSnapshots", machine.ToString("D"), Error(machine), _inner.ListSnapshotsAsync(machine, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask ReleaseSnapshotAsync(Guid machine, string snapshot, SnapshotOutcome outcome, CancellationToken cancellationToken) =>
        Run("ReleaseSnapshot", machine, () => _inner.ReleaseSnapshotAsync(machine, snapshot, outcome, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ShutdownResult> ShutDownAsync(Guid machine, TimeSpan gracePeriod, CancellationToken cancellationToken) =>
        Run("ShutDown", machine, () => _inner.ShutDownAsync(machine, gracePeriod, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask StartAsync(Guid machine, string? host, CancellationToken cancellationToken) =>
        Run("Start", machine, () => _inner.StartAsync(machine, host, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string> RegisterAsync(Guid machine, MachineDefinition definition, CancellationToken cancellationToken) =>
        Run("Register", machine, () => _inner.RegisterAsync(machine, definition, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask UnregisterAsync(Guid machine, bool deleteDisks, CancellationToken cancellationToken) =>
        Run("Unregister", machine, () => _inner.UnregisterAsync(machine, deleteDisks, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<ITargetDisk> OpenDiskAsync(Guid machine, DiskDefinition disk, CancellationToken cancellationToken)
    {
        ITargetDisk target = await Run("OpenDisk", machine, () => _inner.OpenDiskAsync(machine, disk, cancellationToken), cancellationToken).ConfigureAwait(false);
        return new FaultyTargetDisk(target, Plan, $"{machine:D}/{target.Definition.Id}", Error(machine));
    }

    private static Func<string, Exception> Error(Guid? machine) =>
        message => new HypervisorException(ErrorCode.HypervisorFailed, machine, message, isTransient: true);

    private ValueTask<T> Run<T>(string member, Guid machine, Func<ValueTask<T>> call, CancellationToken cancellationToken) =>
        Plan.RunAsync("Hypervisor." + member, machine.ToString("D"), Error(machine), call, cancellationToken);

    private ValueTask Run(string member, Guid machine, Func<ValueTask> call, CancellationToken cancellationToken) =>
        Plan.RunAsync("Hypervisor." + member, machine.ToString("D"), Error(machine), call, cancellationToken);

    private ValueTask<ChangedExtents> Track(IChangedBlockTracker tracker, ISnapshot snapshot, string disk, ChangeToken since, CancellationToken cancellationToken)
    {
        ISnapshot inner = snapshot is FaultySnapshot faulty ? faulty.Inner : snapshot;
        return Run("GetChangedExtents", snapshot.Machine, () => tracker.GetChangedExtentsAsync(inner, disk, since, cancellationToken), cancellationToken);
    }

    private ValueTask<bool> Ask(IGuestAgent agent, Guid machine, CancellationToken cancellationToken) =>
        Run("IsAlive", machine, () => agent.IsAliveAsync(machine, cancellationToken), cancellationToken);

    private sealed class WithTracker(IHypervisorProvider inner, FaultPlan plan, IChangedBlockTracker tracker)
        : FaultyHypervisor(inner, plan), IChangedBlockTracker
    {
        public ValueTask<ChangedExtents> GetChangedExtentsAsync(ISnapshot snapshot, string disk, ChangeToken since, CancellationToken cancellationToken) =>
            Track(tracker, snapshot, disk, since, cancellationToken);
    }

    private sealed class WithAgent(IHypervisorProvider inner, FaultPlan plan, IGuestAgent agent) : FaultyHypervisor(inner, plan), IGuestAgent
    {
        public ValueTask<bool> IsAliveAsync(Guid machine, CancellationToken cancellationToken) => Ask(agent, machine, cancellationToken);
    }

    private sealed class WithBoth(IHypervisorProvider inner, FaultPlan plan, IChangedBlockTracker tracker, IGuestAgent agent)
        : FaultyHypervisor(inner, plan), IChangedBlockTracker, IGuestAgent
    {
        public ValueTask<ChangedExtents> GetChangedExtentsAsync(ISnapshot snapshot, string disk, ChangeToken since, CancellationToken cancellationToken) =>
            Track(tracker, snapshot, disk, since, cancellationToken);

        public ValueTask<bool> IsAliveAsync(Guid machine, CancellationToken cancellationToken) => Ask(agent, machine, cancellationToken);
    }

    private sealed class WithAll(IHypervisorProvider inner, FaultPlan plan) : FaultyHypervisor(inner, plan), IChangedBlockTracker, IGuestAgent, IInstantBoot, IConsoleCapture
    {
        public ValueTask<ChangedExtents> GetChangedExtentsAsync(ISnapshot snapshot, string disk, ChangeToken since, CancellationToken cancellationToken) =>
            Track((IChangedBlockTracker)_inner, snapshot, disk, since, cancellationToken);

        public ValueTask<bool> IsAliveAsync(Guid machine, CancellationToken cancellationToken) => Ask((IGuestAgent)_inner, machine, cancellationToken);

        public ValueTask StartFromExportsAsync(Guid machine, MachineDefinition definition, IReadOnlyDictionary<string, Uri> exports, string? host, CancellationToken cancellationToken) =>
            Run("StartFromExports", machine, () => ((IInstantBoot)_inner).StartFromExportsAsync(machine, definition, exports, host, cancellationToken), cancellationToken);

        public ValueTask PullDisksAsync(Guid machine, IProgress<long>? copiedBytes, CancellationToken cancellationToken) =>
            Run("PullDisks", machine, () => ((IInstantBoot)_inner).PullDisksAsync(machine, copiedBytes, cancellationToken), cancellationToken);

        public ValueTask CaptureConsoleAsync(Guid machine, Stream destination, CancellationToken cancellationToken) =>
            Run("CaptureConsole", machine, () => ((IConsoleCapture)_inner).CaptureConsoleAsync(machine, destination, cancellationToken), cancellationToken);
    }
}
