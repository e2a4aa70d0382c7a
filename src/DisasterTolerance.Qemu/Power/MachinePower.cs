using System.Net.Sockets;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Agent;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.InstantBoot;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Processes;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Qemu.Power;

/// <summary>Starts machines and brings them to power off. The caller holds the machine's gate.</summary>
internal sealed class MachinePower(QemuOptions options, BlockHosts hosts, ILogger logger)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>Whether a machine runs.</summary>
    /// <exception cref="HypervisorException">Its QEMU is there and does not answer.</exception>
    public async ValueTask<PowerState> GetAsync(MachineRecord machine, CancellationToken cancellationToken)
    {
        var lease = await hosts.FindQemuAsync(machine, cancellationToken).ConfigureAwait(false);
        await using var held = lease.ConfigureAwait(false);
        if (machine.Document.Attach is not null)
        {
            return lease.Found is not null ? PowerState.On : PowerState.Off;
        }

        // A process whose socket somebody removed still writes its disks, and a connection may outlive its process for a moment.
        var isThere = PidFile.FindRunning(machine.Runtime.Pid) is not null;
        return !isThere ? PowerState.Off : lease.Found is not null ? PowerState.On : PowerState.Unknown;
    }

    /// <summary>Starts a machine that is off.</summary>
    public async ValueTask StartAsync(MachineRecord machine, CancellationToken cancellationToken)
    {
        if (machine.Document.Attach is not null)
        {
            throw MachineErrors.Failed(machine.Uuid, "The start", "its QEMU is started by somebody else (\"attach\" in its machine.json)", "Start it there.");
        }

        if (machine.Document.Uefi && options.FirmwareCode is null)
        {
            throw MachineErrors.Failed(machine.Uuid, "The start", $"it boots by UEFI and {nameof(QemuOptions.FirmwareCode)} is not set", "Name the firmware's code in the options.");
        }

        foreach (var card in machine.Document.Networks.Where(card => !options.Bridges.ContainsKey(card.Network)))
        {
            Log.Problem(logger, machine.Uuid, $"its network '{card.Network}' is no bridge here, so the card {card.Mac} has no cable. Add it to {nameof(QemuOptions.Bridges)}");
        }

        machine.Runtime.Prepare(machine.Uuid);
        foreach (var daemon in machine.Runtime.Daemons())
        {
            await hosts.StopDaemonAsync(machine.Uuid, daemon, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            await Tool.RunAsync(options.Binary, CommandLine.OfMachine(machine, options), options.CommandTimeout, options.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (ToolException e)
        {
            throw MachineErrors.Failed(machine.Uuid, "The start", e.Message, "Look at the arguments of its machine.json and at the host's memory.", inner: e);
        }

        if (await GetAsync(machine, cancellationToken).ConfigureAwait(false) != PowerState.On)
        {
            throw MachineErrors.Failed(machine.Uuid, "The start", "QEMU ended at once", "Look at the kernel's log, for instance for want of memory.", true);
        }

        Log.Started(logger, machine.Uuid);
    }

    /// <summary>Brings a machine to power off: by the agent, then by the power button, then hard.</summary>
    public async ValueTask<ShutdownResult> ShutDownAsync(MachineRecord machine, TimeSpan gracePeriod, CancellationToken cancellationToken)
    {
        var began = options.Time.GetTimestamp();
        try
        {
            var lease = await hosts.FindQemuAsync(machine, cancellationToken).ConfigureAwait(false);
            await using var held = lease.ConfigureAwait(false);
            if (lease.Found is not { } qemu)
            {
                return await EndProcessAsync(machine, cancellationToken).ConfigureAwait(false) ? Ended(machine, ShutdownResult.Forced) : ShutdownResult.WasOff;
            }

            if (gracePeriod > TimeSpan.Zero && await AskAsync(machine, qemu, gracePeriod, began, cancellationToken).ConfigureAwait(false))
            {
                await WaitForEndAsync(machine, qemu.Connection.PeerProcess, cancellationToken).ConfigureAwait(false);
                return Ended(machine, ShutdownResult.Graceful);
            }

            // In order for the images at least: QEMU closes them and keeps their bitmaps.
            await qemu.TryAsync("quit", null, cancellationToken).ConfigureAwait(false);
            await Task.WhenAny(qemu.Connection.Ended, Task.Delay(options.CommandTimeout, options.Time, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (machine.Document.Attach is not null)
            {
                await WaitForEndAsync(machine, qemu.Connection.PeerProcess, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (HypervisorException e) when (machine.Document.Attach is null)
        {
            Log.Problem(logger, machine.Uuid, $"it is ended by force, because {e.Message}");
        }

        await EndProcessAsync(machine, cancellationToken).ConfigureAwait(false);
        return Ended(machine, ShutdownResult.Forced);
    }

    /// <summary>Asks the guest: its agent first; if that does not answer, or half of the time is over, the power button.</summary>
    private async ValueTask<bool> AskAsync(MachineRecord machine, BlockHost qemu, TimeSpan gracePeriod, long began, CancellationToken cancellationToken)
    {
        if (machine.Document.Exports is not null && await qemu.ReadStatusAsync(cancellationToken).ConfigureAwait(false) == "paused")
        {
            // It may stand between two disks; what it wrote now could lie where its next start does not look.
            return false;
        }

        // A guest that stands still cannot shut down.
        await qemu.TryAsync("cont", null, cancellationToken).ConfigureAwait(false);
        if (machine.Runtime.Agent is { } path)
        {
            using var agent = await GuestAgent.ConnectAsync(path, Least(options.AgentTimeout, gracePeriod / 2), options.Time, cancellationToken).ConfigureAwait(false);
            if (agent is not null)
            {
                await SendShutdownAsync(machine, agent, cancellationToken).ConfigureAwait(false);
                if (await HasEndedAsync(qemu, (gracePeriod / 2) - options.Time.GetElapsedTime(began), cancellationToken).ConfigureAwait(false))
                {
                    return true;
                }
            }
        }

        await qemu.TryAsync("system_powerdown", null, cancellationToken).ConfigureAwait(false);
        return await HasEndedAsync(qemu, gracePeriod - options.Time.GetElapsedTime(began), cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask SendShutdownAsync(MachineRecord machine, GuestAgent agent, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.AgentTimeout, options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await agent.SendAsync("guest-shutdown", new() { ["mode"] = "powerdown" }, linked.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            Log.Problem(logger, machine.Uuid, $"its agent could not be asked to shut down, so its power button is pressed: {e.Message}");
        }
    }

    private async ValueTask<bool> HasEndedAsync(BlockHost qemu, TimeSpan within, CancellationToken cancellationToken)
    {
        if (within > TimeSpan.Zero)
        {
            await Task.WhenAny(qemu.Connection.Ended, Task.Delay(within, options.Time, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }

        return qemu.IsGone;
    }

    /// <summary>Ends the process at once if it is still there.</summary>
    private async ValueTask<bool> EndProcessAsync(MachineRecord machine, CancellationToken cancellationToken)
    {
        if (machine.Document.Attach is not null || PidFile.FindRunning(machine.Runtime.Pid) is null)
        {
            return false;
        }

        PidFile.KillRunning(machine.Runtime.Pid);
        await WaitForEndAsync(machine, null, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Its monitor closes before its disks do: only the process's end says that nothing is written any more.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="peer">The process that had its monitor, if known: there is no pid file of a QEMU that somebody else started.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    private async ValueTask WaitForEndAsync(MachineRecord machine, int? peer, CancellationToken cancellationToken)
    {
        var began = options.Time.GetTimestamp();
        while (await IsThereAsync(machine, peer, cancellationToken).ConfigureAwait(false))
        {
            if (machine.Document.Attach is not null && options.Time.GetElapsedTime(began) > options.CommandTimeout)
            {
                throw MachineErrors.Failed(machine.Uuid, "The shutdown", "it still runs", "End it where it was started.", true);
            }

            await Task.Delay(LookAgain, options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<bool> IsThereAsync(MachineRecord machine, int? peer, CancellationToken cancellationToken)
    {
        if (machine.Document.Attach is null)
        {
            return PidFile.FindRunning(machine.Runtime.Pid) is not null;
        }

        if (peer is { } process && PidFile.IsRunningQemu(process))
        {
            return true;
        }

        var lease = await hosts.FindQemuAsync(machine, cancellationToken).ConfigureAwait(false);
        await using var held = lease.ConfigureAwait(false);
        return lease.Found is not null;
    }

    private ShutdownResult Ended(MachineRecord machine, ShutdownResult result)
    {
        Log.WentOff(logger, machine.Uuid, result.ToString());
        return result;
    }

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
