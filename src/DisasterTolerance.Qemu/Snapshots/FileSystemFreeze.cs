using DisasterTolerance.Qemu.Agent;
using DisasterTolerance.Qemu.Machines;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>
/// Freezes a guest's file systems and thaws them on every path. That a guest may be frozen is written down before it is asked, so that the next process thaws what this one could not. Thread-safe for different machines.
/// </summary>
internal sealed class FileSystemFreeze(QemuOptions options, ILogger logger)
{
    private static readonly TimeSpan ThawPause = TimeSpan.FromMilliseconds(500);
    private const int ThawAttempts = 40;

    /// <summary>Asks the guest to freeze.</summary>
    /// <returns>Whether it has. If not, it was thawed again, as far as it can be.</returns>
    public async ValueTask<bool> TryFreezeAsync(MachineRecord machine, SnapshotJournal journal, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (machine.Runtime.Agent is not { } path)
        {
            return false;
        }

        var limit = timeout < options.AgentTimeout ? timeout : options.AgentTimeout;
        using var agent = await GuestAgent.ConnectAsync(path, limit, options.Time, cancellationToken).ConfigureAwait(false);
        if (agent is null)
        {
            return false;
        }

        journal.IsFrozen = true;
        journal.Write(machine.Uuid, machine.Folder);
        var isFrozen = false;
        try
        {
            var count = await agent.ExecuteAsync("guest-fsfreeze-freeze", null, timeout, cancellationToken).ConfigureAwait(false);
            isFrozen = count.ValueKind == System.Text.Json.JsonValueKind.Number && count.TryGetInt32(out var frozen) && frozen > 0;
        }
        catch (AgentException e) when (e.IsRefused)
        {
            // An agent that may not freeze has frozen nothing, and may not thaw either.
            Log.NotFrozen(logger, machine.Uuid, e.Message);
            Thawed(machine, journal);
            return false;
        }
        catch (AgentException e)
        {
            Log.NotFrozen(logger, machine.Uuid, e.Message);
        }
        finally
        {
            if (!isFrozen && journal.IsFrozen)
            {
                agent.Dispose();
                await ThawAsync(machine, journal).ConfigureAwait(false);
            }
        }

        return isFrozen;
    }

    /// <summary>Thaws; tries again for a while. A guest that cannot be asked is logged, stays in the journal and is thawed by whoever comes next.</summary>
    public async ValueTask ThawAsync(MachineRecord machine, SnapshotJournal journal)
    {
        for (var attempt = 0; attempt < ThawAttempts; attempt++)
        {
            if (machine.Document.Attach is null && Processes.PidFile.FindRunning(machine.Runtime.Pid) is null)
            {
                // Power off thaws everything.
                Thawed(machine, journal);
                return;
            }

            try
            {
                using var agent = await GuestAgent.ConnectAsync(machine.Runtime.Agent!, options.AgentTimeout, options.Time, CancellationToken.None).ConfigureAwait(false);
                if (agent is not null)
                {
                    await agent.ExecuteAsync("guest-fsfreeze-thaw", null, options.AgentTimeout, CancellationToken.None).ConfigureAwait(false);
                    Thawed(machine, journal);
                    return;
                }
            }
            catch (AgentException e)
            {
                Log.ThawRepeats(logger, machine.Uuid, e.Message);
            }

            await Task.Delay(ThawPause, options.Time, CancellationToken.None).ConfigureAwait(false);
        }

        Log.StaysFrozen(logger, machine.Uuid);
    }

    private static void Thawed(MachineRecord machine, SnapshotJournal journal)
    {
        journal.IsFrozen = false;
        journal.Write(machine.Uuid, machine.Folder);
    }
}
