using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Processes;
using DisasterTolerance.Qemu.Qmp;

namespace DisasterTolerance.Qemu.Blocks;

/// <summary>
/// Finds or starts the process that has a machine's disks open, and shares one monitor connection among everybody who needs it: QEMU serves one at a time. Thread-safe.
/// </summary>
internal sealed class BlockHosts(QemuOptions options)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(5);

    // By the path of the monitor: a machine has a storage daemon for each disk that is written.
    private readonly ConcurrentDictionary<string, Slot> _slots = new(StringComparer.Ordinal);

    /// <summary>The QEMU of a machine, if it runs.</summary>
    /// <exception cref="HypervisorException">It is there and does not answer.</exception>
    public ValueTask<Lease> FindQemuAsync(MachineRecord machine, CancellationToken cancellationToken) =>
        ConnectAsync(machine.Uuid, false, machine.Runtime.Qmp, machine.Runtime.Nbd, cancellationToken);

    /// <summary>The process that has the disks: QEMU, or else a storage daemon, which is started if need be.</summary>
    public async ValueTask<Lease> GetAsync(MachineRecord machine, CancellationToken cancellationToken)
    {
        var lease = await FindQemuAsync(machine, cancellationToken).ConfigureAwait(false);
        if (lease.Found is null)
        {
            lease = await FindDaemonAsync(machine.Uuid, machine.Runtime, cancellationToken).ConfigureAwait(false);
        }

        return lease.Found is null
            ? await StartDaemonAsync(machine.Uuid, machine.Runtime, machine.BlockDisks.Select(disk => BlockDevice.OfDisk(machine, disk)), cancellationToken).ConfigureAwait(false)
            : lease;
    }

    /// <summary>The storage daemon of a machine that is off, if one runs.</summary>
    public ValueTask<Lease> FindDaemonAsync(Guid machine, RuntimePaths runtime, CancellationToken cancellationToken) =>
        ConnectAsync(machine, true, runtime.DaemonQmp, runtime.DaemonNbd, cancellationToken);

    /// <summary>Starts a storage daemon with some disks.</summary>
    public async ValueTask<Lease> StartDaemonAsync(Guid machine, RuntimePaths runtime, IEnumerable<JsonObject> disks, CancellationToken cancellationToken)
    {
        runtime.Prepare(machine);
        try
        {
            await Tool.RunAsync(options.StorageDaemon, CommandLine.OfDaemon(runtime, disks), options.CommandTimeout, options.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (ToolException e)
        {
            throw MachineErrors.Failed(machine, "Opening the disks", e.Message, "If something else has them open, end it; else check the files.", inner: e);
        }

        var lease = await FindDaemonAsync(machine, runtime, cancellationToken).ConfigureAwait(false);
        return lease.Found is null
            ? throw MachineErrors.Failed(machine, "Opening the disks", "the storage daemon ended at once", "Check the files and QEMU's installation.", true)
            : lease;
    }

    /// <summary>Ends the storage daemon of a machine, if there is one, in order: bitmaps are written.</summary>
    public async ValueTask StopDaemonAsync(Guid machine, RuntimePaths runtime, CancellationToken cancellationToken)
    {
        try
        {
            var lease = await FindDaemonAsync(machine, runtime, cancellationToken).ConfigureAwait(false);
            await using var held = lease.ConfigureAwait(false);
            if (lease.Found is { } daemon)
            {
                await daemon.TryAsync("quit", null, cancellationToken).ConfigureAwait(false);
                await daemon.Connection.Ended.WaitAsync(options.CommandTimeout, options.Time, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is HypervisorException or TimeoutException)
        {
            // One that hangs has nothing of value: it only writes bitmaps, and a lost one means "unknown".
            PidFile.KillRunning(runtime.DaemonPid);
        }

        if (!await HasEndedAsync(runtime, cancellationToken).ConfigureAwait(false))
        {
            PidFile.KillRunning(runtime.DaemonPid);
            if (!await HasEndedAsync(runtime, cancellationToken).ConfigureAwait(false) && PidFile.FindRunning(runtime.DaemonPid) is { } process)
            {
                throw MachineErrors.Failed(machine, "Closing the disks", $"process {process} does not end", "It may hang in the device or file system of a disk; look there.", true);
            }
        }
    }

    private async ValueTask<bool> HasEndedAsync(RuntimePaths runtime, CancellationToken cancellationToken)
    {
        var began = options.Time.GetTimestamp();
        while (PidFile.FindRunning(runtime.DaemonPid) is not null)
        {
            if (options.Time.GetElapsedTime(began) > options.CommandTimeout)
            {
                return false;
            }

            await Task.Delay(LookAgain, options.Time, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>Closes all connections, as the end of the process does: QEMU serves one at a time, and a test plays the next process beside this one.</summary>
    internal async ValueTask DropAsync()
    {
        foreach (var slot in _slots.Values)
        {
            if (slot.Shared is { } shared)
            {
                await shared.Host.Connection.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<Lease> ConnectAsync(Guid machine, bool isDaemon, string qmp, string nbd, CancellationToken cancellationToken)
    {
        var slot = _slots.GetOrAdd(qmp, _ => new());
        await slot.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (slot.Shared is not { Host.IsGone: false })
            {
                slot.Shared = new(new(machine, await QmpConnection.ConnectAsync(qmp, options.CommandTimeout, options.Time, cancellationToken).ConfigureAwait(false), isDaemon, nbd));
            }

            slot.Shared.Leases++;
            return new(slot, slot.Shared);
        }
        catch (QmpException e) when (e.Failure is QmpFailure.NotThere or QmpFailure.Gone)
        {
            return new(slot, null);
        }
        catch (QmpException e)
        {
            throw QmpErrors.Translate(machine, e);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    private static async ValueTask ReleaseAsync(Slot slot, SharedHost shared)
    {
        await slot.Gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (--shared.Leases > 0)
            {
                return;
            }

            if (slot.Shared == shared)
            {
                slot.Shared = null;
            }

            await shared.Host.Connection.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>The right to use a process's monitor until it is disposed; of nothing, if there is no such process.</summary>
    internal sealed class Lease(Slot slot, SharedHost? shared) : IAsyncDisposable
    {
        private int _isDisposed;

        /// <summary>The process, or null if there is none.</summary>
        public BlockHost? Found => shared?.Host;

        /// <summary>The process, which is known to be there.</summary>
        public BlockHost Host => shared!.Host;

        public ValueTask DisposeAsync() => shared is not null && Interlocked.Exchange(ref _isDisposed, 1) == 0 ? ReleaseAsync(slot, shared) : ValueTask.CompletedTask;
    }

    internal sealed class Slot
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public SharedHost? Shared { get; set; }
    }

    internal sealed class SharedHost(BlockHost host)
    {
        public BlockHost Host => host;

        public int Leases { get; set; }
    }
}
