using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>A disk of a snapshot as QEMU serves it by NBD. Large reads are cut into pieces of which several are in flight.</summary>
internal sealed class ServedDisk(
    Guid machine, DiskDefinition definition, string path, BlockHost host, NbdClient client, ReadPace pace, int readsInFlight, TimeProvider time, ChangeToken? token, IReadOnlyList<string> bitmaps, string? lostBecause)
    : SnapshotDisk(machine, definition)
{
    private const int PieceBytes = 256 << 10;

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(500);

    public override ChangeToken? Token => token;

    public override async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        DemandRange(offset, destination.Length);
        if (destination.IsEmpty)
        {
            return;
        }

        await pace.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (destination.Length <= PieceBytes)
            {
                await client.ReadAsync(offset, destination, cancellationToken).ConfigureAwait(false);
                return;
            }

            var pieces = (destination.Length + PieceBytes - 1) / PieceBytes;
            await Parallel.ForAsync(
                0,
                pieces,
                new ParallelOptions { MaxDegreeOfParallelism = readsInFlight, CancellationToken = cancellationToken },
                (piece, token) => client.ReadAsync(offset + ((long)piece * PieceBytes), destination.Slice(piece * PieceBytes, Math.Min(PieceBytes, destination.Length - (piece * PieceBytes))), token)).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw await ExplainAsync(e).ConfigureAwait(false);
        }
    }

    public override IAsyncEnumerable<DiskExtent> GetExtentsAsync(CancellationToken cancellationToken) =>
        ExportExtents.ReadAsync(client, Definition.LengthBytes, Unreadable, cancellationToken);

    public override async ValueTask<ChangedExtents> GetChangedAsync(string since, CancellationToken cancellationToken)
    {
        if (TrackerRules.Since(bitmaps, since) is not { } wanted)
        {
            return ChangedExtents.Unknown(lostBecause ?? $"the tracker does not reach back to '{since}'");
        }

        List<DiskExtent> changed = [];
        try
        {
            foreach (var context in wanted.Select(BlockNames.Context))
            {
                if (!client.Contexts.Contains(context))
                {
                    return ChangedExtents.Unknown($"QEMU does not show '{context}'");
                }

                await foreach (var extent in client.BlockStatusAsync(context, 0, Definition.LengthBytes, cancellationToken).ConfigureAwait(false))
                {
                    if ((extent.Status & NbdExtent.Dirty) != 0)
                    {
                        changed.Add(new(extent.Offset, Math.Min(extent.Length, Definition.LengthBytes - extent.Offset), ExtentKind.Data));
                    }
                }
            }
        }
        catch (NbdException e)
        {
            throw Unreadable(e);
        }

        return ChangedExtents.Known(ExtentUnion.Of(changed));
    }

    public override ValueTask DisposeAsync() => client.DisposeAsync();

    /// <summary>QEMU answers a disk that cannot be read by ending the connection; whether it ended itself is seen a moment later.</summary>
    private async ValueTask<HypervisorException> ExplainAsync(NbdException cause)
    {
        await host.Connection.Ended.WaitAsync(Moment, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return cause.Code == ErrorCode.LinkLost && !host.IsGone
            ? MachineErrors.Disk(Machine, Definition.Id, path, "QEMU runs on but ended the reading, as it does when the disk reports an error", cause)
            : Unreadable(cause);
    }

    private HypervisorException Unreadable(NbdException cause) => cause.Code is ErrorCode.LinkLost or ErrorCode.Stalled
        ? MachineErrors.Failed(Machine, $"Reading disk '{Definition.Id}'", cause.Message, "QEMU ended or hangs; the next run sees in which state the machine is.", true, cause)
        : MachineErrors.Disk(Machine, Definition.Id, path, cause.Message, cause);
}
