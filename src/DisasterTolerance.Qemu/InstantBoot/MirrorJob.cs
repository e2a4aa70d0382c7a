using System.Text.Json;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.InstantBoot;

/// <summary>A job as <c>query-jobs</c> tells of it. Immutable.</summary>
internal sealed record MirrorJob(string Id, string Status, long Copied, string? Error)
{
    public bool IsReady => Status == "ready";

    public bool IsConcluded => Status == "concluded";

    /// <summary>Whether it waits to be resumed, as after an error of the export while its server was away.</summary>
    public bool IsPaused => Status is "paused" or "standby";

    public static MirrorJob From(JsonElement job) => new(
        job.GetProperty("id").GetString() ?? "",
        job.GetProperty("status").GetString() ?? "",
        job.GetProperty("current-progress").GetInt64(),
        job.TryGetProperty("error", out var error) ? error.GetString() : null);

    /// <summary>All jobs of a process, by their ids.</summary>
    public static async ValueTask<Dictionary<string, MirrorJob>> ReadAsync(BlockHost qemu, CancellationToken cancellationToken)
    {
        var jobs = await qemu.ExecuteAsync("query-jobs", null, cancellationToken).ConfigureAwait(false);
        return jobs.EnumerateArray().Select(From).ToDictionary(job => job.Id, StringComparer.Ordinal);
    }
}

/// <summary>One disk on its way from an export to a disk of its own. Immutable.</summary>
internal sealed record Pull(DiskEntry Disk)
{
    public string Job => BlockNames.MirrorJob(Disk.Id);

    /// <summary>The node that the guest's device is on when the disk is its own.</summary>
    public string Target => BlockNames.PulledNode(Disk.Id);

    /// <summary>The disks of a machine that are still at an export as far as its definition knows.</summary>
    public static List<Pull> Of(MachineRecord machine) =>
        machine.Document.Exports is { } exports ? [.. machine.BlockDisks.Where(disk => exports.ContainsKey(disk.Id)).Select(disk => new Pull(disk))] : [];
}
