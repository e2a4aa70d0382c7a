using DisasterTolerance.Hypervisors;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Images;

/// <summary>A snapshot of all disks: of clones, or, with a watch, of the live files.</summary>
internal sealed class ImageSnapshot(
    string id,
    Guid machine,
    SnapshotDocument document,
    IReadOnlyList<ImageSnapshotDisk> disks,
    DiskWatch? watch,
    ILogger logger) : ISnapshot
{
    public string Id { get; } = id;

    public Guid Machine { get; } = machine;

    public SnapshotConsistency Consistency { get; } = document.Consistency;

    public MachineDefinition Definition { get; } = document.Definition;

    public IReadOnlyList<ISnapshotDisk> Disks { get; } = disks;

    public ValueTask<SnapshotStability> CheckStabilityAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Consistency == SnapshotConsistency.Fuzzy)
        {
            return new(SnapshotStability.Changed);
        }

        if (watch is null)
        {
            return new(SnapshotStability.Stable);
        }

        IReadOnlyList<string> changed;
        try
        {
            changed = watch.FindChanged([.. disks.Select(disk => disk.File)]);
        }
        catch (Exception error) when (ImageErrors.IsFileError(error))
        {
            throw new HypervisorException(
                ErrorCode.DiskUnusable, Machine, $"The disks of machine {Machine:D} cannot be checked after reading: {error.Message}", innerException: error);
        }

        if (changed.Count == 0)
        {
            return new(watch.IsPartial ? SnapshotStability.Unwatched : SnapshotStability.Stable);
        }

        Log.DisksChanged(logger, Machine, Id, string.Join(", ", changed));
        return new(SnapshotStability.Changed);
    }

    public ValueTask DisposeAsync()
    {
        foreach (ImageSnapshotDisk disk in disks)
        {
            disk.Dispose();
        }

        return ValueTask.CompletedTask;
    }
}

/// <summary>What is kept of a snapshot: in memory if it watches, beside its clones if it has some.</summary>
internal sealed record SnapshotDocument
{
    public required SnapshotConsistency Consistency { get; init; }

    public required MachineDefinition Definition { get; init; }
}
