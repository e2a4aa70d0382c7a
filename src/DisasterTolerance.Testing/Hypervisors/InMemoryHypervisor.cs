using System.Runtime.CompilerServices;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Hypervisors;

/// <summary>
/// A whole hypervisor in memory: machines with sparse disks of any length, copy-on-write snapshots of all disks at one instant, a change tracker, a guest agent, power. It outlives
/// the engine that uses it, as a real one does. Thread-safe. The members beside the contracts play the guest, the operator and bad luck.
/// </summary>
public sealed partial class InMemoryHypervisor : IHypervisorProvider, IChangedBlockTracker, IGuestAgent
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _timeProvider;
    private readonly InMemoryHypervisorOptions _options;
    private readonly Dictionary<Guid, MemoryMachine> _machines = [];
    private readonly Dictionary<(Guid Machine, string Disk), MemoryDisk> _disks = [];
    private readonly List<MachineStart> _starts = [];
    private long _nextIdentity;

    /// <summary>Creates a hypervisor without machines.</summary>
    /// <param name="timeProvider">The clock of shutdowns and of the list of starts.</param>
    /// <param name="options">What it is like; null for the defaults.</param>
    public InMemoryHypervisor(TimeProvider timeProvider, InMemoryHypervisorOptions? options = null)
    {
        _timeProvider = timeProvider;
        _options = options ?? new InMemoryHypervisorOptions();
        Capabilities = new HypervisorCapabilities
        {
            BestConsistency = _options.BestConsistency,
            ControlsPower = true,
            SnapshotsSurviveRestart = true,
            MaxDiskBytes = _options.MaxDiskBytes,
        };
    }

    /// <inheritdoc/>
    public HypervisorCapabilities Capabilities { get; }

    /// <inheritdoc/>
    public async IAsyncEnumerable<MachineInfo> ListMachinesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        MachineInfo[] machines = Locked(() => _machines.Values.Select(machine => machine.ToInfo()).ToArray());
        foreach (MachineInfo machine in machines)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return machine;
        }

        await Task.CompletedTask.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<MachineInfo?> FindMachineAsync(Guid machine, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(Locked(() => _machines.GetValueOrDefault(machine)?.ToInfo()));
    }

    /// <inheritdoc/>
    public ValueTask<ISnapshot> TakeSnapshotAsync(SnapshotRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        CheckSnapshotId(request.Id);
        return new(Locked<ISnapshot>(() =>
        {
            MemoryMachine machine = Get(request.Machine);
            if (!machine.Snapshots.TryGetValue(request.Id, out SnapshotState? state))
            {
                if (machine.Disks.Find(disk => disk.IsUnusable) is { } unusable)
                {
                    throw Unusable(machine.Uuid, unusable.Id);
                }

                if (machine.Exports.Count > 0)
                {
                    throw new HypervisorException(
                        ErrorCode.HypervisorFailed, machine.Uuid, $"Machine {machine.Uuid:D} has disks on exports, of which there are no snapshots. Pull them first.");
                }

                SnapshotConsistency reached = machine.Power == PowerState.Off
                    ? SnapshotConsistency.PoweredOff
                    : (SnapshotConsistency)Math.Min((int)request.Consistency, (int)_options.BestConsistency);
                state = new SnapshotState(reached, machine.DefinitionNow, [.. machine.Disks.Select(disk => disk.TakeState())]);
                machine.Snapshots.Add(request.Id, state);
            }

            return new InMemorySnapshot(request.Id, machine.Uuid, state, _options, () => !IsHeld(machine, request.Id, state));
        }));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListSnapshotsAsync(Guid machine, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string[] ids = Locked(() => _machines.GetValueOrDefault(machine)?.Snapshots.Keys.ToArray() ?? []);
        foreach (string id in ids)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return id;
        }

        await Task.CompletedTask.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask ReleaseSnapshotAsync(Guid machine, string snapshot, SnapshotOutcome outcome, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        CheckSnapshotId(snapshot);
        lock (_gate)
        {
            if (_machines.GetValueOrDefault(machine) is { } found && found.Snapshots.Remove(snapshot, out SnapshotState? state)
                && outcome == SnapshotOutcome.Captured)
            {
                foreach (SnapshotDiskState disk in state.Disks)
                {
                    disk.Disk.Changes.Forget(disk.Position);
                }
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<ChangedExtents> GetChangedExtentsAsync(ISnapshot snapshot, string disk, ChangeToken since, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        cancellationToken.ThrowIfCancellationRequested();
        InMemorySnapshot own = snapshot as InMemorySnapshot ?? throw new ArgumentException("That is no snapshot of this provider.", nameof(snapshot));
        SnapshotDiskState state = own.State.Disks.FirstOrDefault(candidate => candidate.Definition.Id == disk)
            ?? throw new ArgumentException($"The snapshot has no disk '{disk}'.", nameof(disk));
        TrackerBehavior behavior = Locked(() => _machines.GetValueOrDefault(snapshot.Machine)?.Tracker ?? TrackerBehavior.Unknown);
        return new(behavior switch
        {
            TrackerBehavior.Unknown => ChangedExtents.Unknown("the tracker was told not to know"),
            TrackerBehavior.Silent => ChangedExtents.Known([]),
            TrackerBehavior.Everything when state.Definition.LengthBytes > 0 =>
                ChangedExtents.Known([new DiskExtent(0, state.Definition.LengthBytes, ExtentKind.Data)]),
            TrackerBehavior.Failing =>
                throw new HypervisorException(ErrorCode.HypervisorFailed, snapshot.Machine, "The change tracker was told to fail.", isTransient: true),
            _ when !_options.TracksChanges => ChangedExtents.Unknown("the hypervisor has no change tracker"),
            _ when TrackerPosition.Parse(since) is not { } position => ChangedExtents.Unknown("the token is not one of this tracker"),
            _ => state.Disk.Changes.Query(TrackerPosition.Parse(since)!.Value, state.Position, state.Definition.LengthBytes),
        });
    }

    /// <inheritdoc/>
    public ValueTask<bool> IsAliveAsync(Guid machine, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(Locked(() => Get(machine) is { Power: PowerState.On, IsGuestAlive: true }));
    }

    internal static HypervisorException Unusable(Guid machine, string disk) => new(
        ErrorCode.DiskUnusable, machine, $"Disk '{disk}' of machine {machine:D} was made unusable by the test. Make it usable again.");

    private static void CheckSnapshotId(string id)
    {
        if (!SnapshotRequest.IsValidId(id))
        {
            throw new ArgumentException($"'{id}' is no snapshot id.", nameof(id));
        }
    }

    private bool IsHeld(MemoryMachine machine, string id, SnapshotState state) =>
        Locked(() => machine.Snapshots.TryGetValue(id, out SnapshotState? held) && ReferenceEquals(held, state));

    private MemoryMachine Get(Guid machine) => _machines.GetValueOrDefault(machine)
        ?? throw new HypervisorException(ErrorCode.MachineNotFound, machine, $"The in-memory hypervisor has no machine {machine:D}. Register it first.");

    private T Locked<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }
}
