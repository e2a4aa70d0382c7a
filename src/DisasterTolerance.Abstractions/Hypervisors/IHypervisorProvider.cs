namespace DisasterTolerance.Hypervisors;

/// <summary>
/// What the engine needs of a hypervisor. One instance serves one site (one cluster of hosts). Optional abilities are separate interfaces that the same
/// object may implement: <see cref="IChangedBlockTracker"/>, <see cref="IInstantBoot"/>, <see cref="IGuestAgent"/>, <see cref="IConsoleCapture"/>.
/// </summary>
/// <remarks>
/// What an implementer guarantees:
/// <list type="bullet">
/// <item>Thread-safety: all members may be called at the same time for different machines. The engine makes at most one changing call at a time per machine.</item>
/// <item>Repetition: after a crash the engine repeats calls. Each member says what a repetition does.</item>
/// <item>Errors: <see cref="HypervisorException"/>, transient if the same call may succeed later. An unknown machine is <see cref="ErrorCode.MachineNotFound"/>,
/// except where a member returns null for it.</item>
/// <item>Cancellation is answered within seconds.</item>
/// <item>Machines are named by the uuid that they have on this site. Disks are named by an id that is stable for the life of the disk and unique in its machine.</item>
/// <item>A <see cref="MachineDefinition"/> may come from another site: it is data. Binaries, host paths, bridges and extra arguments come only from the provider's own configuration.</item>
/// </list>
/// </remarks>
public interface IHypervisorProvider
{
    /// <summary>What this provider can do; constant for its life.</summary>
    HypervisorCapabilities Capabilities { get; }

    /// <summary>All machines of the site, in any order. Machines that come or go meanwhile may or may not be seen.</summary>
    /// <param name="cancellationToken">Ends the listing.</param>
    IAsyncEnumerable<MachineInfo> ListMachinesAsync(CancellationToken cancellationToken);

    /// <summary>One machine with its present disks and power state, or null if the hypervisor answers that it has none of that uuid. Not being able to ask is an exception.</summary>
    /// <param name="machine">The machine's uuid on this site.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<MachineInfo?> FindMachineAsync(Guid machine, CancellationToken cancellationToken);

    /// <summary>
    /// Freezes all disks of a machine at one instant. The snapshot lives until it is released, also across a restart of this process if the hypervisor keeps it.
    /// Repeated with an id that exists: returns that snapshot.
    /// </summary>
    /// <param name="request">Machine, id and consistency asked for. The snapshot says which consistency it got, which may be less.</param>
    /// <param name="cancellationToken">Ends the call; nothing stays frozen.</param>
    ValueTask<ISnapshot> TakeSnapshotAsync(SnapshotRequest request, CancellationToken cancellationToken);

    /// <summary>The snapshots of a machine that this engine took and nobody released, by id. A machine that is gone has none.</summary>
    /// <param name="machine">The machine's uuid on this site.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    IAsyncEnumerable<string> ListSnapshotsAsync(Guid machine, CancellationToken cancellationToken);

    /// <summary>Ends a snapshot and frees what it held. Repeated, or for a snapshot or machine that is gone: no error.</summary>
    /// <param name="machine">The machine's uuid on this site.</param>
    /// <param name="snapshot">The snapshot's id.</param>
    /// <param name="outcome">Whether a recovery point was made of it. If not, a change tracker counts the snapshot's changes as still to be captured.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask ReleaseSnapshotAsync(Guid machine, string snapshot, SnapshotOutcome outcome, CancellationToken cancellationToken);

    /// <summary>
    /// Brings a machine to power off: asks the guest, waits, then switches hard. Returns when the machine is off and its disks are no longer written.
    /// A machine that is off already: no error.
    /// </summary>
    /// <param name="machine">The machine's uuid on this site.</param>
    /// <param name="gracePeriod">How long the guest may take; zero switches off hard at once.</param>
    /// <param name="cancellationToken">Ends the wait; the machine is then in whatever state it reached.</param>
    /// <returns>How it went off.</returns>
    ValueTask<ShutdownResult> ShutDownAsync(Guid machine, TimeSpan gracePeriod, CancellationToken cancellationToken);

    /// <summary>Starts a registered machine. A machine that runs already: no error.</summary>
    /// <param name="machine">The machine's uuid on this site.</param>
    /// <param name="host">The host to start it on, or null to let the hypervisor choose. Unknown: <see cref="ErrorCode.HostNotFound"/>, nothing started.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask StartAsync(Guid machine, string? host, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a machine known, powered off, with exactly the disks of its definition, which were prepared by <see cref="OpenDiskAsync"/> before.
    /// If the machine is known already (and off), its definition and its set of disks are replaced; content of disks that it loses is not destroyed.
    /// Atomic: after a crash the machine has the old or the new definition.
    /// </summary>
    /// <param name="machine">The uuid that the machine shall have on this site.</param>
    /// <param name="definition">What it looks like.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The hypervisor's own name for it, for display; often the uuid.</returns>
    ValueTask<string> RegisterAsync(Guid machine, MachineDefinition definition, CancellationToken cancellationToken);

    /// <summary>Makes a machine unknown. It must be off. An unknown machine: no error.</summary>
    /// <param name="machine">The machine's uuid on this site.</param>
    /// <param name="deleteDisks">Whether the disks go too.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask UnregisterAsync(Guid machine, bool deleteDisks, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a disk for reading and writing while the machine is off or not registered. A disk that does not exist is created, reading as zeros; one of another length is
    /// grown (reading as zeros there) or cut. Path and name of a new disk are the provider's own choice.
    /// </summary>
    /// <param name="machine">The machine's uuid on this site.</param>
    /// <param name="disk">Id, kind and length that the disk shall have.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<ITargetDisk> OpenDiskAsync(Guid machine, DiskDefinition disk, CancellationToken cancellationToken);
}
