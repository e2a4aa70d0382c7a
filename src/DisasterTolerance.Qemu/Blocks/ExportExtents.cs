using System.Runtime.CompilerServices;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd;

namespace DisasterTolerance.Qemu.Blocks;

/// <summary>What an export says of its content, in the words of the contract.</summary>
internal static class ExportExtents
{
    /// <summary>Yields a disk's extents, in order and without gaps, up to its length.</summary>
    /// <param name="client">Connected with the context <c>base:allocation</c>.</param>
    /// <param name="length">The disk's length; QEMU may serve some bytes more.</param>
    /// <param name="translate">What a failure becomes.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public static async IAsyncEnumerable<DiskExtent> ReadAsync(NbdClient client, long length, Func<NbdException, HypervisorException> translate, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var served = client.BlockStatusAsync(NbdExtent.BaseAllocation, 0, client.Length, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var held = served.ConfigureAwait(false);
        while (await NextAsync(served, translate).ConfigureAwait(false) && served.Current.Offset < length)
        {
            var extent = served.Current;
            var kind = (extent.Status & NbdExtent.Zero) == 0 ? ExtentKind.Data : (extent.Status & NbdExtent.Hole) == 0 ? ExtentKind.Zero : ExtentKind.Unallocated;
            yield return new(extent.Offset, Math.Min(extent.Length, length - extent.Offset), kind);
        }
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<NbdExtent> served, Func<NbdException, HypervisorException> translate)
    {
        try
        {
            return await served.MoveNextAsync().ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw translate(e);
        }
    }
}
