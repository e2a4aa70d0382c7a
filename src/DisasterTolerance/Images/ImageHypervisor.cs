using System.Runtime.CompilerServices;
using DisasterTolerance.Hypervisors;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Images;

/// <summary>Machines that are disk images in folders. Has no control over guests: power is only recorded. Thread-safe.</summary>
internal sealed class ImageHypervisor(MachineFolders folders, ImageHypervisorOptions options, bool clones, ILogger logger) : IHypervisorProvider
{
    private readonly ImageSnapshots _snapshots = new(folders, clones, logger);
    private readonly ImageRegistry _registry = new(folders, logger);

    public HypervisorCapabilities Capabilities { get; } = new()
    {
        BestConsistency = SnapshotConsistency.Crash,
        ControlsPower = false,
        SnapshotsSurviveRestart = clones,
    };

    public async IAsyncEnumerable<MachineInfo> ListMachinesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (MachineRecord machine in await InBackground(() => folders.List(cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            yield return await InBackground(() => machine.ToInfo(logger), cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask<MachineInfo?> FindMachineAsync(Guid machine, CancellationToken cancellationToken) =>
        await InBackground(() => folders.Find(machine, cancellationToken)?.ToInfo(logger), cancellationToken).ConfigureAwait(false);

    public async ValueTask<ISnapshot> TakeSnapshotAsync(SnapshotRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ImageNames.CheckSnapshotId(request.Id);
        return await Task.Run(() => _snapshots.TakeAsync(request, cancellationToken).AsTask(), cancellationToken).ConfigureAwait(false);
    }

    public async IAsyncEnumerable<string> ListSnapshotsAsync(Guid machine, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (string id in await InBackground(() => _snapshots.List(machine, cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            yield return id;
        }
    }

    public async ValueTask ReleaseSnapshotAsync(Guid machine, string snapshot, SnapshotOutcome outcome, CancellationToken cancellationToken)
    {
        ImageNames.CheckSnapshotId(snapshot);
        await Task.Run(() => _snapshots.Release(machine, snapshot, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<ShutdownResult> ShutDownAsync(Guid machine, TimeSpan gracePeriod, CancellationToken cancellationToken)
    {
        bool changed = await _registry.SetPowerAsync(machine, MachineDocument.PowerOff, cancellationToken).ConfigureAwait(false);
        return !changed ? ShutdownResult.WasOff : gracePeriod > TimeSpan.Zero ? ShutdownResult.Graceful : ShutdownResult.Forced;
    }

    public async ValueTask StartAsync(Guid machine, string? host, CancellationToken cancellationToken)
    {
        if (host is not null && !options.Hosts.Contains(host, StringComparer.Ordinal))
        {
            throw new HypervisorException(
                ErrorCode.HostNotFound,
                machine,
                $"Machine {machine:D} was not started: the host '{host}' is not configured for the disk images in '{folders.Root}'. Name a configured host, or none.");
        }

        await _registry.SetPowerAsync(machine, MachineDocument.PowerOn, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<string> RegisterAsync(Guid machine, MachineDefinition definition, CancellationToken cancellationToken)
    {
        CheckUuid(machine);
        ImageNames.CheckDefinition(definition);
        await _registry.RegisterAsync(machine, definition, cancellationToken).ConfigureAwait(false);
        return machine.ToString("D");
    }

    public async ValueTask UnregisterAsync(Guid machine, bool deleteDisks, CancellationToken cancellationToken) =>
        await Task.Run(() => _registry.Unregister(machine, deleteDisks, _snapshots, cancellationToken), cancellationToken).ConfigureAwait(false);

    public async ValueTask<ITargetDisk> OpenDiskAsync(Guid machine, DiskDefinition disk, CancellationToken cancellationToken)
    {
        CheckUuid(machine);
        ImageNames.CheckDisk(disk);
        return await Task.Run(() => _registry.OpenDisk(machine, disk, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private static void CheckUuid(Guid machine)
    {
        if (machine == Guid.Empty)
        {
            throw new ArgumentException("A machine's uuid is not all zeros.", nameof(machine));
        }
    }

    /// <summary>Off the caller's thread, and given up on when cancelled: a file server may not answer for minutes.</summary>
    private static Task<T> InBackground<T>(Func<T> read, CancellationToken cancellationToken) =>
        Task.Run(read, cancellationToken).WaitAsync(cancellationToken);
}
