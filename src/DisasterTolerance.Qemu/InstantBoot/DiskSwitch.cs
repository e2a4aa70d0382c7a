using System.Runtime.ExceptionServices;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Qemu.InstantBoot;

/// <summary>
/// Moves the devices of a guest that stands still to the disks that were copied. One rule holds everywhere: the guest goes on only after <c>machine.json</c> says durably which disks were switched, also if
/// that is some of them only. Where it cannot be written, or the outcome of a job is not known, the guest stands until the next try. The caller holds the machine's gate.
/// </summary>
internal sealed class DiskSwitch(QemuOptions options, MachineFolders folders, ILogger logger)
{
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LastLook = TimeSpan.FromMilliseconds(250);

    /// <summary>Brings what a process left that was killed in mid-switch to its end, writes down what it switched, and lets a guest go on that stopped while the exports were away.</summary>
    public async ValueTask SettleAsync(MachineRecord machine, BlockHost qemu, CancellationToken cancellationToken)
    {
        var status = await qemu.ReadStatusAsync(cancellationToken).ConfigureAwait(false);
        var switched = await FindSwitchedAsync(machine, qemu, cancellationToken).ConfigureAwait(false);
        if (status == "paused")
        {
            // Which of the ready ones were asked to complete is not known any more, so all of them are. A job is dismissed after its guest goes on, so one that is still there says that the guest stands because of us.
            var jobs = await MirrorJob.ReadAsync(qemu, cancellationToken).ConfigureAwait(false);
            var open = Pull.Of(machine);
            var ready = open.Except(switched).Where(pull => jobs.TryGetValue(pull.Job, out var job) && job.IsReady).ToList();
            if (ready.Count > 0 || open.Any(switched.Contains) || machine.BlockDisks.Any(disk => jobs.TryGetValue(new Pull(disk).Job, out var job) && job.IsConcluded))
            {
                await SwitchAsync(machine, qemu, ready, cancellationToken).ConfigureAwait(false);
                return;
            }
        }

        await GoOnAsync(machine.Uuid, qemu, cancellationToken).ConfigureAwait(false);
        await RecordAsync(machine.Uuid, qemu, cancellationToken).ConfigureAwait(false);
        await CleanAsync(switched, qemu, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Switches disks whose jobs are ready.</summary>
    /// <exception cref="HypervisorException">Not all were switched; those that were are written down. Or the guest stands, and the next try goes on from there.</exception>
    public async ValueTask SwitchAsync(MachineRecord machine, BlockHost qemu, IReadOnlyList<Pull> pulls, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var began = options.Time.GetTimestamp();
        List<Pull> asked = [];
        ExceptionDispatchInfo? failure = null;
        try
        {
            await qemu.ExecuteAsync("stop", null, CancellationToken.None).ConfigureAwait(false);
            if (await qemu.ReadStatusAsync(CancellationToken.None).ConfigureAwait(false) is var status and not ("paused" or "shutdown" or "guest-panicked" or "internal-error"))
            {
                throw MachineErrors.Failed(machine.Uuid, "Switching the disks over", $"the guest is in the state '{status}'", "The machine runs on; the pull goes on from what it finds.", true);
            }

            foreach (var pull in pulls)
            {
                asked.Add(pull);
                if (!await qemu.TryAsync("job-complete", new() { ["id"] = pull.Job }, CancellationToken.None).ConfigureAwait(false))
                {
                    asked.Remove(pull);
                    throw NotSwitched(machine, pull, "its mirror job is not ready any more");
                }

                var job = await ConcludeAsync(machine, qemu, pull, cancellationToken).ConfigureAwait(false);
                if (job is { Error: { } error })
                {
                    throw NotSwitched(machine, pull, error);
                }
            }
        }
        catch (HypervisorException e)
        {
            failure = ExceptionDispatchInfo.Capture(e);
        }

        // A job that was asked to complete may do so at any time, so nothing goes on before its outcome is known.
        foreach (var pull in asked)
        {
            await ConcludeAsync(machine, qemu, pull, cancellationToken).ConfigureAwait(false);
        }

        var isAll = await RecordAsync(machine.Uuid, qemu, CancellationToken.None).ConfigureAwait(false);
        if (await qemu.ReadStatusAsync(CancellationToken.None).ConfigureAwait(false) is "paused" or "io-error")
        {
            await qemu.ExecuteAsync("cont", null, CancellationToken.None).ConfigureAwait(false);
        }

        if (isAll && failure is null)
        {
            Log.SwitchedOver(logger, machine.Uuid, options.Time.GetElapsedTime(began));
        }

        failure?.Throw();
        await CleanAsync(await FindSwitchedAsync(machine, qemu, CancellationToken.None).ConfigureAwait(false), qemu, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Lets a guest go on that stopped because of an error of its export. The caller has the gate, so that no switch is under way.</summary>
    public async ValueTask GoOnAsync(Guid machine, BlockHost qemu, CancellationToken cancellationToken)
    {
        if (await qemu.ReadStatusAsync(cancellationToken).ConfigureAwait(false) == "io-error")
        {
            await RecordAsync(machine, qemu, cancellationToken).ConfigureAwait(false);
            await qemu.ExecuteAsync("cont", null, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Writes down which disks the guest's devices are not at an export any more.</summary>
    /// <returns>Whether none is at an export.</returns>
    public async ValueTask<bool> RecordAsync(Guid machine, BlockHost qemu, CancellationToken cancellationToken)
    {
        var record = folders.Get(machine, cancellationToken);
        if (record.Document.Exports is not { } exports)
        {
            return true;
        }

        var switched = await FindSwitchedAsync(record, qemu, cancellationToken).ConfigureAwait(false);
        var left = Pull.Of(record).Except(switched).ToDictionary(pull => pull.Disk.Id, pull => exports[pull.Disk.Id]);
        if (left.Count < exports.Count)
        {
            MachineFile.Write(record.Folder, record.Document with { Exports = left.Count > 0 ? left : null });
        }

        return left.Count == 0;
    }

    /// <summary>Waits until a job that was asked to complete has ended in one way or the other.</summary>
    /// <returns>The job; null if it is gone.</returns>
    private async ValueTask<MirrorJob?> ConcludeAsync(MachineRecord machine, BlockHost qemu, Pull pull, CancellationToken cancellationToken)
    {
        var began = options.Time.GetTimestamp();
        for (var pause = FirstLook; ; pause = pause < LastLook ? pause * 2 : LastLook)
        {
            var job = (await MirrorJob.ReadAsync(qemu, CancellationToken.None).ConfigureAwait(false)).GetValueOrDefault(pull.Job);
            if (job is null or { IsConcluded: true })
            {
                return job;
            }

            if (cancellationToken.IsCancellationRequested && options.Time.GetElapsedTime(began) > options.CommandTimeout)
            {
                throw MachineErrors.Failed(
                    machine.Uuid, $"Switching disk '{pull.Disk.Id}' over", $"its mirror job is '{job.Status}' and does not end", "The guest stands still so that nothing is lost; the next try of the pull goes on from here.", true);
            }

            if (job.IsPaused)
            {
                await qemu.TryAsync("job-resume", new() { ["id"] = pull.Job }, CancellationToken.None).ConfigureAwait(false);
            }
            else if (job.IsReady && pause >= LastLook)
            {
                // The first request may have been lost with an answer that did not come in time.
                await qemu.TryAsync("job-complete", new() { ["id"] = pull.Job }, CancellationToken.None).ConfigureAwait(false);
            }

            await Task.Delay(pause, options.Time, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>The disks whose devices are on their own copies; what QEMU says counts, not what was asked of it.</summary>
    private static async ValueTask<List<Pull>> FindSwitchedAsync(MachineRecord machine, BlockHost qemu, CancellationToken cancellationToken)
    {
        var graph = await qemu.ReadGraphAsync(cancellationToken).ConfigureAwait(false);
        return [.. machine.BlockDisks.Select(disk => new Pull(disk)).Where(pull => graph.IsRoot(pull.Target) || graph.Find(machine, pull.Disk)?.Name == pull.Target)];
    }

    private static async ValueTask CleanAsync(IEnumerable<Pull> switched, BlockHost qemu, CancellationToken cancellationToken)
    {
        foreach (var pull in switched)
        {
            await qemu.TryAsync("job-dismiss", new() { ["id"] = pull.Job }, cancellationToken).ConfigureAwait(false);
            await qemu.TryAsync("blockdev-del", new() { ["node-name"] = BlockNames.Node(pull.Disk.Id) }, cancellationToken).ConfigureAwait(false);
        }
    }

    private static HypervisorException NotSwitched(MachineRecord machine, Pull pull, string cause) =>
        MachineErrors.Failed(machine.Uuid, $"Switching disk '{pull.Disk.Id}' over", cause, "The machine runs on; the pull goes on from what it finds.", true);
}
