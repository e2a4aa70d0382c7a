using System.Runtime.CompilerServices;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Agent;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Disks;
using DisasterTolerance.Qemu.InstantBoot;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Power;
using DisasterTolerance.Qemu.Processes;
using DisasterTolerance.Qemu.Snapshots;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Qemu;

/// <summary>Machines that run in QEMU. Thread-safe. Changing calls of one machine wait for one another.</summary>
internal sealed class QemuHypervisor : IHypervisorProvider, IChangedBlockTracker, IGuestAgent, IConsoleCapture, IInstantBoot
{
    private readonly QemuOptions _options;
    private readonly MachineFolders _folders;
    private readonly ILogger _logger;
    private readonly MachineGates _gates = new();
    private readonly MachinePower _power;
    private readonly MachineSnapshots _snapshots;
    private readonly MachineRegistry _registry;
    private readonly DiskPull _pull;

    public QemuHypervisor(QemuOptions options, MachineFolders folders, ILogger logger)
    {
        (_options, _folders, _logger) = (options, folders, logger);
        Hosts = new(options);
        _power = new(options, Hosts, logger);
        _snapshots = new(options, folders, Hosts, _gates, logger);
        _registry = new(options, folders, Hosts);
        _pull = new(options, Hosts, _gates, folders, _registry, logger);
        Cleaning = Task.Run(CleanAsync);
    }

    public HypervisorCapabilities Capabilities { get; } = new() { BestConsistency = SnapshotConsistency.Application, ControlsPower = true };

    /// <summary>Who has the disks open; for tests that write as a guest.</summary>
    internal BlockHosts Hosts { get; }

    /// <summary>Ends when what a killed process left was looked for.</summary>
    internal Task Cleaning { get; }

    public async IAsyncEnumerable<MachineInfo> ListMachinesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var machine in await InBackground(() => _folders.List(cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            yield return await DescribeAsync(machine, cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask<MachineInfo?> FindMachineAsync(Guid machine, CancellationToken cancellationToken) =>
        await InBackground(() => _folders.Find(machine, cancellationToken), cancellationToken).ConfigureAwait(false) is { } found
            ? await DescribeAsync(found, cancellationToken).ConfigureAwait(false)
            : null;

    public async ValueTask<ISnapshot> TakeSnapshotAsync(SnapshotRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        CheckSnapshot(request.Id);
        await Cleaning.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await _snapshots.TakeAsync(request, cancellationToken).ConfigureAwait(false);
    }

    public async IAsyncEnumerable<string> ListSnapshotsAsync(Guid machine, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var id in await InBackground(() => _snapshots.List(machine, cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            yield return id;
        }
    }

    public ValueTask ReleaseSnapshotAsync(Guid machine, string snapshot, SnapshotOutcome outcome, CancellationToken cancellationToken)
    {
        CheckSnapshot(snapshot);
        return _snapshots.ReleaseAsync(machine, snapshot, outcome, cancellationToken);
    }

    public ValueTask<ChangedExtents> GetChangedExtentsAsync(ISnapshot snapshot, string disk, ChangeToken since, CancellationToken cancellationToken)
    {
        var open = snapshot is QemuSnapshot own ? own.Open : throw new ArgumentException("The snapshot is not of this provider.", nameof(snapshot));
        open.DemandWhole();
        return (open.Disks.FirstOrDefault(candidate => candidate.Definition.Id == disk) ?? throw new ArgumentException($"Snapshot {open.Entry.Id} has no disk '{disk}'.", nameof(disk)))
            .GetChangedAsync(since.Value, cancellationToken);
    }

    public async ValueTask<ShutdownResult> ShutDownAsync(Guid machine, TimeSpan gracePeriod, CancellationToken cancellationToken)
    {
        using var gate = await _gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false);
        return await _power.ShutDownAsync(_folders.Get(machine, cancellationToken), gracePeriod, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask StartAsync(Guid machine, string? host, CancellationToken cancellationToken)
    {
        if (host is not null && !_options.Hosts.Contains(host, StringComparer.Ordinal))
        {
            throw new HypervisorException(
                ErrorCode.HostNotFound, machine, $"Machine {machine:D} was not started: the host '{host}' is not configured for the QEMU machines in '{_folders.Root}'. Name a configured host, or none.");
        }

        using var gate = await _gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false);
        var record = _folders.Get(machine, cancellationToken);
        if (await IsOnAsync(record, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        await _snapshots.BreakAsync(machine, "the machine was started.").ConfigureAwait(false);
        await _power.StartAsync(record, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<string> RegisterAsync(Guid machine, MachineDefinition definition, CancellationToken cancellationToken)
    {
        CheckMachine(machine);
        ArgumentNullException.ThrowIfNull(definition);
        CheckDisks(definition);
        using var gate = await _gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false);
        await DemandOffAsync(machine, "its definition cannot be replaced", cancellationToken).ConfigureAwait(false);
        _registry.Register(machine, definition, cancellationToken);
        return machine.ToString("D");
    }

    public async ValueTask UnregisterAsync(Guid machine, bool deleteDisks, CancellationToken cancellationToken)
    {
        using var gate = await _gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false);
        if (await DemandOffAsync(machine, "it cannot be taken away", cancellationToken).ConfigureAwait(false) is { } record)
        {
            await _snapshots.BreakAsync(machine, "the machine was taken away.").ConfigureAwait(false);
            foreach (var daemon in record.Runtime.Daemons())
            {
                await Hosts.StopDaemonAsync(machine, daemon, cancellationToken).ConfigureAwait(false);
            }

            MachineRegistry.Unregister(record, deleteDisks);
        }
    }

    public async ValueTask<ITargetDisk> OpenDiskAsync(Guid machine, DiskDefinition disk, CancellationToken cancellationToken)
    {
        CheckMachine(machine);
        ArgumentNullException.ThrowIfNull(disk);
        CheckDisk(disk);
        using var gate = await _gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false);
        if (await DemandOffAsync(machine, $"its disk '{disk.Id}' cannot be written", cancellationToken).ConfigureAwait(false) is { } record)
        {
            await _snapshots.BreakAsync(machine, "a disk of the machine is being written.").ConfigureAwait(false);
            await Hosts.StopDaemonAsync(machine, record.Runtime, cancellationToken).ConfigureAwait(false);
        }

        return await _registry.OpenAsync(machine, disk, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<bool> IsAliveAsync(Guid machine, CancellationToken cancellationToken)
    {
        var record = _folders.Get(machine, cancellationToken);
        if (record.Document.ReadyMarker is { Length: > 0 } marker && _options.SerialLog)
        {
            return await SerialLog.ContainsAsync(CommandLine.SerialLog(record), marker, cancellationToken).ConfigureAwait(false);
        }

        if (record.Runtime.Agent is not { } path)
        {
            return false;
        }

        using var agent = await GuestAgent.ConnectAsync(path, _options.AgentTimeout, _options.Time, cancellationToken).ConfigureAwait(false);
        return agent is not null;
    }

    public async ValueTask CaptureConsoleAsync(Guid machine, Stream destination, CancellationToken cancellationToken)
    {
        var record = _folders.Get(machine, cancellationToken);
        var lease = await Hosts.FindQemuAsync(record, cancellationToken).ConfigureAwait(false);
        await using var held = lease.ConfigureAwait(false);
        if (lease.Found is not { } qemu)
        {
            throw MachineErrors.Failed(machine, "A picture of the console", "the machine is off", "Start it first.");
        }

        await ConsolePicture.TakeAsync(record, qemu, destination, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask StartFromExportsAsync(Guid machine, MachineDefinition definition, IReadOnlyDictionary<string, Uri> exports, string? host, CancellationToken cancellationToken)
    {
        CheckMachine(machine);
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentNullException.ThrowIfNull(exports);
        CheckDisks(definition);
        using (await _gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false))
        {
            var known = _folders.Find(machine, cancellationToken);
            if (known is null || !await IsOnAsync(known, cancellationToken).ConfigureAwait(false))
            {
                await _snapshots.BreakAsync(machine, "the machine is started from exports.").ConfigureAwait(false);
                foreach (var daemon in (known?.Runtime ?? _folders.RuntimeOf(machine, _folders.NewFolder(machine), null)).Daemons())
                {
                    await Hosts.StopDaemonAsync(machine, daemon, cancellationToken).ConfigureAwait(false);
                }

                await new ExportBoot(_options, _folders).RegisterAsync(machine, definition, exports, cancellationToken).ConfigureAwait(false);
            }
        }

        await StartAsync(machine, host, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask PullDisksAsync(Guid machine, IProgress<long>? copiedBytes, CancellationToken cancellationToken) => _pull.RunAsync(machine, copiedBytes, cancellationToken);

    private async ValueTask<MachineInfo> DescribeAsync(MachineRecord machine, CancellationToken cancellationToken)
    {
        List<DiskDefinition> disks = [];
        foreach (var disk in machine.Document.Disks)
        {
            try
            {
                disks.Add(machine.Define(disk));
            }
            catch (HypervisorException e)
            {
                // A machine that lost a disk can still be found and recovered; a snapshot of it is refused.
                Log.Problem(_logger, machine.Uuid, e.Message);
            }
        }

        return new()
        {
            Uuid = machine.Uuid,
            Name = machine.Document.Name,
            Power = await _power.GetAsync(machine, cancellationToken).ConfigureAwait(false),
            Definition = DefinitionMapping.ToDefinition(machine.Document, disks),
            Group = machine.Document.Group,
            GroupPath = machine.Document.Group,
        };
    }

    /// <summary>Whether a machine runs, before it is started.</summary>
    /// <exception cref="HypervisorException">That is not known: a second process on the same disks would destroy them.</exception>
    private async ValueTask<bool> IsOnAsync(MachineRecord machine, CancellationToken cancellationToken) =>
        await _power.GetAsync(machine, cancellationToken).ConfigureAwait(false) switch
        {
            PowerState.On => true,
            PowerState.Unknown => throw MachineErrors.Failed(machine.Uuid, "The start", "its process runs and its monitor does not answer", "If it hangs for good, end its process.", true),
            _ => false,
        };

    private async ValueTask<MachineRecord?> DemandOffAsync(Guid machine, string what, CancellationToken cancellationToken)
    {
        var record = _folders.Find(machine, cancellationToken);
        return record is not null && await _power.GetAsync(record, cancellationToken).ConfigureAwait(false) != PowerState.Off ? throw MachineErrors.Running(machine, what) : record;
    }

    private async Task CleanAsync()
    {
        try
        {
            await _snapshots.CleanAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (HypervisorException e)
        {
            Log.CleaningFailed(_logger, e);
        }
    }

    private static void CheckMachine(Guid machine)
    {
        if (machine == Guid.Empty)
        {
            throw new ArgumentException("A machine's uuid is not all zeros.", nameof(machine));
        }
    }

    private static void CheckSnapshot(string id)
    {
        if (!SnapshotRequest.IsValidId(id))
        {
            throw new ArgumentException($"The snapshot id '{id}' is not of 1 to 64 characters a-z 0-9 -.", nameof(id));
        }
    }

    private static void CheckDisks(MachineDefinition definition)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var disk in definition.Disks)
        {
            CheckDisk(disk);
            if (!ids.Add(disk.Id))
            {
                throw new ArgumentException($"The definition has two disks '{disk.Id}'.", nameof(definition));
            }
        }
    }

    private static void CheckDisk(DiskDefinition disk)
    {
        if (!DiskDefinition.IsValidId(disk.Id) || disk.LengthBytes < 0 || !Enum.IsDefined(disk.Kind))
        {
            throw new ArgumentException($"The disk '{disk.Id}' has an id, length or kind that is not valid.", nameof(disk));
        }
    }

    private static Task<T> InBackground<T>(Func<T> read, CancellationToken cancellationToken) => Task.Run(read, cancellationToken).WaitAsync(cancellationToken);
}
