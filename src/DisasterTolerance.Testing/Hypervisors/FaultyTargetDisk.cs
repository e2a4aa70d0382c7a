using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Testing.Hypervisors;

/// <summary>A target disk whose calls pass through a plan. Owns the inner one.</summary>
internal sealed class FaultyTargetDisk(ITargetDisk inner, FaultPlan plan, string subject, Func<string, Exception> error) : ITargetDisk
{
    public DiskDefinition Definition => inner.Definition;

    public bool IsNew => inner.IsNew;

    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        FaultySplit.ReadAsync(plan.Begin("TargetDisk.Read", subject, error), inner.ReadAsync, offset, destination, cancellationToken);

    public IAsyncEnumerable<DiskExtent> GetExtentsAsync(CancellationToken cancellationToken) =>
        plan.ListAsync("TargetDisk.GetExtents", subject, error, inner.GetExtentsAsync(cancellationToken), cancellationToken);

    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        FaultCall fault = plan.Begin("TargetDisk.Write", subject, error);
        await fault.ReachAsync(FaultPoint.Before, cancellationToken).ConfigureAwait(false);
        int first = fault.IsPlanned(FaultPoint.Inside) ? content.Length / 2 : content.Length;
        await inner.WriteAsync(offset, content[..first], cancellationToken).ConfigureAwait(false);
        await fault.ReachAsync(FaultPoint.Inside, cancellationToken).ConfigureAwait(false);
        if (first < content.Length)
        {
            await inner.WriteAsync(offset + first, content[first..], cancellationToken).ConfigureAwait(false);
        }

        await fault.ReachAsync(FaultPoint.After, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask WriteZeroesAsync(long offset, long length, CancellationToken cancellationToken)
    {
        FaultCall fault = plan.Begin("TargetDisk.WriteZeroes", subject, error);
        await fault.ReachAsync(FaultPoint.Before, cancellationToken).ConfigureAwait(false);
        long first = fault.IsPlanned(FaultPoint.Inside) ? length / 2 : length;
        await inner.WriteZeroesAsync(offset, first, cancellationToken).ConfigureAwait(false);
        await fault.ReachAsync(FaultPoint.Inside, cancellationToken).ConfigureAwait(false);
        if (first < length)
        {
            await inner.WriteZeroesAsync(offset + first, length - first, cancellationToken).ConfigureAwait(false);
        }

        await fault.ReachAsync(FaultPoint.After, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken) =>
        plan.RunAsync("TargetDisk.Flush", subject, error, () => inner.FlushAsync(cancellationToken), cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>A read that a fault can interrupt in its middle.</summary>
internal static class FaultySplit
{
    public static async ValueTask ReadAsync(
        FaultCall fault,
        Func<long, Memory<byte>, CancellationToken, ValueTask> read,
        long offset,
        Memory<byte> destination,
        CancellationToken cancellationToken)
    {
        await fault.ReachAsync(FaultPoint.Before, cancellationToken).ConfigureAwait(false);
        int first = fault.IsPlanned(FaultPoint.Inside) ? destination.Length / 2 : destination.Length;
        await read(offset, destination[..first], cancellationToken).ConfigureAwait(false);
        await fault.ReachAsync(FaultPoint.Inside, cancellationToken).ConfigureAwait(false);
        if (first < destination.Length)
        {
            await read(offset + first, destination[first..], cancellationToken).ConfigureAwait(false);
        }

        await fault.ReachAsync(FaultPoint.After, cancellationToken).ConfigureAwait(false);
    }
}
