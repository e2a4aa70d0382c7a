using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Disks;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Processes;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Qemu.InstantBoot;

/// <summary>
/// Moves a machine that runs from exports to disks of its own:
/// <code>
///   a mirror per disk ─▶ all of them up to date ─▶ guest paused ─▶ devices on the new disks ─▶ machine.json says so, durably ─▶ guest goes on
/// </code>
/// The guest stands still for the last three steps only, some milliseconds (<see cref="DiskSwitch"/>): were it running, a write that it flushed could lie on the new disk alone while the definition still names
/// the export. A process that is killed anywhere leaves a machine that runs, or stands still, from one of the two; the next call goes on from what it finds.
/// </summary>
internal sealed class DiskPull(QemuOptions options, BlockHosts hosts, MachineGates gates, MachineFolders folders, MachineRegistry registry, ILogger logger)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FirstNudge = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastNudge = TimeSpan.FromSeconds(30);

    private readonly DiskFiles _files = new(options);
    private readonly DiskSwitch _switch = new(options, folders, logger);

    public async ValueTask RunAsync(Guid machine, IProgress<long>? copiedBytes, CancellationToken cancellationToken)
    {
        var record = folders.Get(machine, cancellationToken);
        var lease = await hosts.FindQemuAsync(record, cancellationToken).ConfigureAwait(false);
        await using var held = lease.ConfigureAwait(false);
        if (lease.Found is not { } qemu)
        {
            if (record.Document.Exports is not null)
            {
                await RunOfflineAsync(machine, copiedBytes, cancellationToken).ConfigureAwait(false);
            }

            return;
        }

        List<Pull> pulls;
        using (await gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false))
        {
            await _switch.SettleAsync(folders.Get(machine, cancellationToken), qemu, cancellationToken).ConfigureAwait(false);
            record = folders.Get(machine, cancellationToken);
            pulls = Pull.Of(record);
            await BeginAsync(record, qemu, pulls, cancellationToken).ConfigureAwait(false);
        }

        if (pulls.Count > 0)
        {
            await WaitReadyAsync(record, qemu, pulls, copiedBytes, cancellationToken).ConfigureAwait(false);
            using (await gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false))
            {
                await _switch.SwitchAsync(record, qemu, pulls, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask RunOfflineAsync(Guid machine, IProgress<long>? copiedBytes, CancellationToken cancellationToken)
    {
        using var gate = await gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false);
        var record = folders.Get(machine, cancellationToken);
        var lease = await hosts.FindQemuAsync(record, cancellationToken).ConfigureAwait(false);
        await using var held = lease.ConfigureAwait(false);
        if (lease.Found is not null)
        {
            throw MachineErrors.Failed(machine, "Pulling the disks", "the machine was started meanwhile", "The pull goes on while it runs.", true);
        }

        if (PidFile.FindRunning(record.Runtime.Pid) is { } process)
        {
            throw MachineErrors.Failed(machine, "Pulling the disks", $"its process {process} runs and its monitor does not answer", "Nothing was copied; end the process if it hangs for good.", true);
        }

        if (record.Document.Exports is { } exports)
        {
            await new OfflinePull(registry).RunAsync(record, exports, copiedBytes, cancellationToken).ConfigureAwait(false);
            Log.PulledOff(logger, machine);
        }
    }

    private async ValueTask BeginAsync(MachineRecord machine, BlockHost qemu, List<Pull> pulls, CancellationToken cancellationToken)
    {
        var jobs = await MirrorJob.ReadAsync(qemu, cancellationToken).ConfigureAwait(false);
        foreach (var pull in pulls)
        {
            var job = jobs.GetValueOrDefault(pull.Job);
            if (job is null or { IsConcluded: true })
            {
                await qemu.TryAsync("job-dismiss", new() { ["id"] = pull.Job }, cancellationToken).ConfigureAwait(false);
                await BeginAsync(machine, qemu, pull, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                // As fast as the options say now, and no longer paused by an error of the export while its server was away.
                await qemu.TryAsync("block-job-set-speed", new() { ["device"] = pull.Job, ["speed"] = options.PullBytesPerSecond }, cancellationToken).ConfigureAwait(false);
                await qemu.TryAsync("job-resume", new() { ["id"] = pull.Job }, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask BeginAsync(MachineRecord machine, BlockHost qemu, Pull pull, CancellationToken cancellationToken)
    {
        var path = machine.PathOf(pull.Disk);
        var graph = await qemu.ReadGraphAsync(cancellationToken).ConfigureAwait(false);
        var root = graph.Find(machine, pull.Disk) ?? throw MachineErrors.Disk(machine.Uuid, pull.Disk.Id, path, "QEMU has no such disk");
        if (root.Driver != "nbd")
        {
            // The file below is deleted, and a guest that is on it would lose everything.
            throw MachineErrors.Failed(
                machine.Uuid, $"Pulling disk '{pull.Disk.Id}'", $"its machine.json names an export and the guest is on '{root.FileName}' ({root.Driver})", "Nothing was changed. Take the disk out of \"exports\" if that is right.");
        }

        if (graph.Has(pull.Target))
        {
            await qemu.ExecuteAsync("blockdev-del", new() { ["node-name"] = pull.Target }, cancellationToken).ConfigureAwait(false);
        }

        // What an earlier pull copied is not known to be the newest, so a pull begins with an empty disk.
        if (!BlockDevice.IsDevice(path))
        {
            File.Delete(path);
        }

        await _files.PrepareAsync(machine.Uuid, pull.Disk, path, root.Length, cancellationToken).ConfigureAwait(false);
        await qemu.ExecuteAsync("blockdev-add", BlockDevice.OfFile(pull.Target, path, pull.Disk.Format, BlockDevice.IsDevice(path)), cancellationToken).ConfigureAwait(false);
        await qemu.ExecuteAsync(
            "blockdev-mirror",
            new()
            {
                ["job-id"] = pull.Job,
                ["device"] = root.Name,
                ["target"] = pull.Target,
                ["sync"] = "full",
                ["speed"] = options.PullBytesPerSecond,
                ["on-source-error"] = "stop",
                ["on-target-error"] = "stop",
                ["auto-dismiss"] = false,
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask WaitReadyAsync(MachineRecord machine, BlockHost qemu, List<Pull> pulls, IProgress<long>? copiedBytes, CancellationToken cancellationToken)
    {
        var (nudge, nudged) = (FirstNudge, options.Time.GetTimestamp());
        while (true)
        {
            var jobs = await MirrorJob.ReadAsync(qemu, cancellationToken).ConfigureAwait(false);
            var (copied, isReady) = (0L, true);
            foreach (var pull in pulls)
            {
                var job = jobs.GetValueOrDefault(pull.Job);
                if (job is null or { IsConcluded: true } or { Error: not null })
                {
                    await EndedAsync(machine, qemu, pull, job, cancellationToken).ConfigureAwait(false);
                }

                copied += job!.Copied;
                isReady &= job.IsReady;
            }

            copiedBytes?.Report(copied);
            if (isReady)
            {
                return;
            }

            if (options.Time.GetElapsedTime(nudged) >= nudge && await NudgeAsync(machine, qemu, jobs, pulls, cancellationToken).ConfigureAwait(false))
            {
                (nudge, nudged) = (nudge * 2 < LastNudge ? nudge * 2 : LastNudge, options.Time.GetTimestamp());
            }

            await Task.Delay(LookAgain, options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Lets a guest and jobs go on that an error of the export stopped; it may be there again.</summary>
    /// <returns>Whether anything stood.</returns>
    private async ValueTask<bool> NudgeAsync(MachineRecord machine, BlockHost qemu, Dictionary<string, MirrorJob> jobs, List<Pull> pulls, CancellationToken cancellationToken)
    {
        var stood = false;
        foreach (var pull in pulls.Where(pull => jobs[pull.Job].IsPaused))
        {
            stood |= await qemu.TryAsync("job-resume", new() { ["id"] = pull.Job }, cancellationToken).ConfigureAwait(false);
        }

        if (await qemu.ReadStatusAsync(cancellationToken).ConfigureAwait(false) != "io-error")
        {
            return stood;
        }

        using var gate = await gates.EnterAsync(machine.Uuid, cancellationToken).ConfigureAwait(false);
        await _switch.GoOnAsync(machine.Uuid, qemu, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>A job ended without being asked to: it failed, or somebody cancelled or completed it.</summary>
    private async ValueTask EndedAsync(MachineRecord machine, BlockHost qemu, Pull pull, MirrorJob? job, CancellationToken cancellationToken)
    {
        using (await gates.EnterAsync(machine.Uuid, cancellationToken).ConfigureAwait(false))
        {
            await _switch.RecordAsync(machine.Uuid, qemu, cancellationToken).ConfigureAwait(false);
        }

        // The job is left for the next try to see and to dismiss.
        var cause = job is null ? "its mirror job is gone" : job.Error ?? "somebody ended its mirror job";
        throw MachineErrors.Failed(machine.Uuid, $"Pulling disk '{pull.Disk.Id}'", cause, "The machine runs on; the pull begins anew.", true);
    }
}
