using System.Buffers;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd.Protocol;

namespace DisasterTolerance.Nbd.Server;

/// <summary>Does what one request asks of the export and sends the reply.</summary>
internal sealed class RequestHandler(Session session, ReplySender replies)
{
    // As many as others send; a client asks on where they end.
    private const int MaxDescriptors = 4096;

    public ValueTask HandleAsync(Request request, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) => request.Command switch
    {
        Command.Read => ReadAsync(request, cancellationToken),
        Command.BlockStatus => BlockStatusAsync(request, cancellationToken),
        _ => ChangeAsync(request, payload, cancellationToken),
    };

    private async ValueTask ChangeAsync(Request request, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var isDurable = (request.Flags & CommandFlags.Fua) != 0;
        var mayPunchHole = (request.Flags & CommandFlags.NoHole) == 0;
        var (offset, length) = ((long)request.Offset, (long)request.Length);
        switch (request.Command)
        {
            case Command.Write:
                await session.Export.WriteAsync(offset, payload, isDurable, cancellationToken).ConfigureAwait(false);
                break;
            case Command.Trim:
                await session.Export.TrimAsync(offset, length, isDurable, cancellationToken).ConfigureAwait(false);
                break;
            case Command.WriteZeroes:
                await session.Export.WriteZeroesAsync(offset, length, mayPunchHole, isDurable, cancellationToken).ConfigureAwait(false);
                break;

            // Clients flush read-only exports too, where nothing was written.
            case Command.Flush when !session.Export.IsReadOnly:
                await session.Export.FlushAsync(cancellationToken).ConfigureAwait(false);
                break;
        }

        await replies.DoneAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask ReadAsync(Request request, CancellationToken cancellationToken)
    {
        List<(long Offset, long Length, bool IsHole)> pieces = [];
        if (session.IsStructured && (request.Flags & CommandFlags.DontFragment) == 0)
        {
            await foreach (var extent in StatusAsync(request, NbdExtent.BaseAllocation, cancellationToken).ConfigureAwait(false))
            {
                Append(pieces, extent);
            }
        }
        else
        {
            pieces.Add(((long)request.Offset, request.Length, false));
        }

        var largest = pieces.Max(piece => piece.IsHole ? 0 : piece.Length);
        var buffer = ArrayPool<byte>.Shared.Rent(ReplySender.HeadBytes + (int)largest);
        try
        {
            foreach (var (index, (offset, length, isHole)) in pieces.Index())
            {
                var isDone = index == pieces.Count - 1;
                if (isHole)
                {
                    await replies.HoleAsync(request, offset, length, isDone, cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    var room = buffer.AsMemory(0, ReplySender.HeadBytes + (int)length);
                    await session.Export.ReadAsync(offset, room[ReplySender.HeadBytes..], cancellationToken).ConfigureAwait(false);
                    await replies.DataAsync(request, room, offset, isDone, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask BlockStatusAsync(Request request, CancellationToken cancellationToken)
    {
        foreach (var (index, context) in session.Contexts.Index())
        {
            var extents = await CollectAsync(request, StatusAsync(request, context.Name, cancellationToken), cancellationToken).ConfigureAwait(false);
            await replies.StatusAsync(request, context.Id, extents, index == session.Contexts.Count - 1, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async ValueTask<List<NbdExtent>> CollectAsync(Request request, IAsyncEnumerable<NbdExtent> status, CancellationToken cancellationToken)
    {
        List<NbdExtent> extents = [];
        var limit = (request.Flags & CommandFlags.RequestOne) != 0 ? 1 : MaxDescriptors;
        await foreach (var extent in status.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (extents.Count > 0 && extents[^1].Status == extent.Status)
            {
                extents[^1] = extents[^1] with { Length = extents[^1].Length + extent.Length };
            }
            else if (extents.Count < limit)
            {
                extents.Add(extent);
            }
            else
            {
                break;
            }
        }

        return extents;
    }

    private IAsyncEnumerable<NbdExtent> StatusAsync(Request request, string context, CancellationToken cancellationToken) => ClippedAsync(
        request,
        context == NbdExtent.BaseAllocation
            ? session.Export.GetExtentsAsync((long)request.Offset, request.Length, cancellationToken).Select(extent => new NbdExtent(extent.Offset, extent.Length, StatusOf(extent.Kind)))
            : session.Export.GetStatusAsync(context, (long)request.Offset, request.Length, cancellationToken),
        cancellationToken);

    private static uint StatusOf(ExtentKind kind) => kind switch
    {
        ExtentKind.Zero => NbdExtent.Zero,
        ExtentKind.Unallocated => NbdExtent.Zero | NbdExtent.Hole,
        _ => 0u,
    };

    /// <summary>What the export says of a range, inside the request and held to the contract.</summary>
    private async IAsyncEnumerable<NbdExtent> ClippedAsync(Request request, IAsyncEnumerable<NbdExtent> status, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var position = (long)request.Offset;
        var end = position + request.Length;
        await foreach (var extent in status.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (extent.Offset > position || extent.End <= position)
            {
                throw new InvalidOperationException($"The export '{session.Name}' yields an extent from {extent.Offset} to {extent.End} where one at {position} is due.");
            }

            var reached = Math.Min(extent.End, end);
            yield return new(position, reached - position, extent.Status);
            position = reached;
            if (position == end)
            {
                yield break;
            }
        }

        throw new InvalidOperationException($"The export '{session.Name}' yields no extents behind {position}; they have to reach {end}.");
    }

    private static void Append(List<(long Offset, long Length, bool IsHole)> pieces, NbdExtent extent)
    {
        var isHole = extent.Status != 0;
        if (pieces.Count > 0 && pieces[^1].IsHole == isHole)
        {
            pieces[^1] = pieces[^1] with { Length = pieces[^1].Length + extent.Length };
        }
        else
        {
            pieces.Add((extent.Offset, extent.Length, isHole));
        }
    }
}
