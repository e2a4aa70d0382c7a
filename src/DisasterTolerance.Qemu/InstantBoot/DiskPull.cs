using System.Text.Json;
using System.Text.Json.Nodes;
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
/// The guest stands still for the last three steps only, some milliseconds: were it running, a write that it flushed could lie on the new disk alone while the definition still names the export. A process that
/// is killed anywhere leaves a machine that runs, or stands still, from one of the two; the next call goes on from what it finds.
/// </summary>
internal sealed class DiskPull(QemuOptions options, BlockHosts hosts, MachineGates gates, MachineFolders folders, MachineRegistry registry, ILogger logger)
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(250);

    private readonly DiskFiles _files = new(options);

    public async ValueTask RunAsync(Guid machine, IProgress<long>? copiedBytes, CancellationToken cancellationToken)
    {
        var record = folders.Get(machine, cancellationToken);
        if (record.Document.Exports is null)
        {
            return;
        }

        var lease = await hosts.FindQemuAsync(record, cancellationToken).ConfigureAwait(false);
        await using var held = lease.ConfigureAwait(false);
        if (lease.Found is not { } qemu)
        {
            await RunOfflineAsync(machine, copiedBytes, cancellationToken).ConfigureAwait(false);
            return;
        }

        List<Pull> pulls;
        using (await gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false))
        {
            await GoOnAsync(qemu, cancellationToken).ConfigureAwait(false);
            pulls = await BeginAsync(record, qemu, cancellationToken).ConfigureAwait(false);
        }

        await WaitReadyAsync(record, qemu, pulls, copiedBytes, cancellationToken).ConfigureAwait(false);
        using (await gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false))
        {
            await SwitchAsync(record, qemu, pulls, cancellationToken).ConfigureAwait(false);
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

        if (record.Document.Exports is { } exports)
        {
            await new OfflinePull(registry).RunAsync(record, exports, copiedBytes, cancellationToken).ConfigureAwait(false);
            Log.PulledOff(logger, machine);
        }
    }

    /// <summary>A guest that stopped while the exports were away goes on now that they are back.</summary>
    private static async ValueTask GoOnAsync(BlockHost qemu, CancellationToken cancellationToken)
    {
        var status = await qemu.ExecuteAsync("query-status", null, cancellationToken).ConfigureAwait(false);
        if (status.GetProperty("status").GetString() == "io-error")
        {
            await qemu.ExecuteAsync("cont", null, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<List<Pull>> BeginAsync(MachineRecord machine, BlockHost qemu, CancellationToken cancellationToken)
    {
        var graph = await qemu.ReadGraphAsync(cancellationToken).ConfigureAwait(false);
        var running = await JobsAsync(qemu, cancellationToken).ConfigureAwait(false);
        List<Pull> pulls = [];
        foreach (var disk in machine.BlockDisks)
        {
            var root = graph.Find(machine, disk) ?? throw MachineErrors.Disk(machine.Uuid, disk.Id, machine.PathOf(disk), "QEMU has no such disk");
            var pull = new Pull(disk, BlockNames.MirrorJob(disk.Id), BlockNames.PulledNode(disk.Id));
            pulls.Add(pull);
            if (root.Name == pull.Target)
            {
                // Switched over by a process that was killed before it could write that down.
                pull.IsSwitched = true;
            }
            else if (!running.ContainsKey(pull.Job))
            {
                await BeginAsync(machine, qemu, graph, root, pull, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                // As fast as the options say now, and no longer paused by an error of the export while its server was away.
                await qemu.TryAsync("block-job-set-speed", new() { ["device"] = pull.Job, ["speed"] = options.PullBytesPerSecond }, cancellationToken).ConfigureAwait(false);
                await qemu.TryAsync("job-resume", new() { ["id"] = pull.Job }, cancellationToken).ConfigureAwait(false);
            }
        }

        return pulls;
    }

    private async ValueTask BeginAsync(MachineRecord machine, BlockHost qemu, BlockGraph graph, BlockNode root, Pull pull, CancellationToken cancellationToken)
    {
        var path = machine.PathOf(pull.Disk);
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
        while (true)
        {
            var jobs = await JobsAsync(qemu, cancellationToken).ConfigureAwait(false);
            var (copied, isReady) = (0L, true);
            foreach (var pull in pulls.Where(pull => !pull.IsSwitched))
            {
                if (!jobs.TryGetValue(pull.Job, out var job))
                {
                    throw MachineErrors.Failed(machine.Uuid, $"Pulling disk '{pull.Disk.Id}'", "its mirror job is gone", "The machine runs on from the export; the pull begins anew.", true);
                }

                if (job.Error is { } error)
                {
                    await qemu.TryAsync("job-dismiss", new() { ["id"] = pull.Job }, cancellationToken).ConfigureAwait(false);
                    throw MachineErrors.Failed(machine.Uuid, $"Pulling disk '{pull.Disk.Id}'", error, "The machine runs on from the export; the pull begins anew.", true);
                }

                copied += job.Copied;
                isReady &= job.IsReady;
            }

            copiedBytes?.Report(copied);
            if (isReady)
            {
                return;
            }

            await Task.Delay(LookAgain, options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask SwitchAsync(MachineRecord machine, BlockHost qemu, List<Pull> pulls, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var began = options.Time.GetTimestamp();
        await qemu.ExecuteAsync("stop", null, CancellationToken.None).ConfigureAwait(false);
        try
        {
            foreach (var pull in pulls.Where(pull => !pull.IsSwitched))
            {
                using var concluded = qemu.Expect(e => e.Name == "JOB_STATUS_CHANGE" && e.Text("id") == pull.Job && e.Text("status") == "concluded");
                await qemu.ExecuteAsync("job-complete", new() { ["id"] = pull.Job }, CancellationToken.None).ConfigureAwait(false);
                await concluded.WaitAsync(options.CommandTimeout, options.Time, CancellationToken.None).ConfigureAwait(false);
                var job = (await JobsAsync(qemu, CancellationToken.None).ConfigureAwait(false)).GetValueOrDefault(pull.Job);
                if (job is not { IsConcluded: true, Error: null })
                {
                    throw MachineErrors.Failed(machine.Uuid, $"Switching disk '{pull.Disk.Id}' over", job?.Error ?? "QEMU took too long", "The machine runs on; the pull goes on from what it finds.", true);
                }

                await qemu.TryAsync("job-dismiss", new() { ["id"] = pull.Job }, CancellationToken.None).ConfigureAwait(false);
                pull.IsSwitched = true;
            }

            MachineFile.Write(machine.Folder, folders.Get(machine.Uuid, CancellationToken.None).Document with { Exports = null });
        }
        finally
        {
            await qemu.TryAsync("cont", null, CancellationToken.None).ConfigureAwait(false);
        }

        Log.SwitchedOver(logger, machine.Uuid, options.Time.GetElapsedTime(began));
        foreach (var pull in pulls)
        {
            await qemu.TryAsync("blockdev-del", new() { ["node-name"] = BlockNames.Node(pull.Disk.Id) }, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static async ValueTask<Dictionary<string, MirrorJob>> JobsAsync(BlockHost qemu, CancellationToken cancellationToken)
    {
        var jobs = await qemu.ExecuteAsync("query-jobs", null, cancellationToken).ConfigureAwait(false);
        return jobs.EnumerateArray().Select(MirrorJob.From).ToDictionary(job => job.Id, StringComparer.Ordinal);
    }

    private sealed class Pull(DiskEntry disk, string job, string target)
    {
        public DiskEntry Disk => disk;

        public string Job => job;

        public string Target => target;

        public bool IsSwitched { get; set; }
    }
}

/// <summary>A job as <c>query-jobs</c> tells of it. Immutable.</summary>
internal sealed record MirrorJob(string Id, string Status, long Copied, string? Error)
{
    public bool IsReady => Status == "ready";

    public bool IsConcluded => Status == "concluded";

    public static MirrorJob From(JsonElement job) => new(
        job.GetProperty("id").GetString() ?? "",
        job.GetProperty("status").GetString() ?? "",
        job.GetProperty("current-progress").GetInt64(),
        job.TryGetProperty("error", out var error) ? error.GetString() : null);
}
