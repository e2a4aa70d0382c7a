using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Wire;

namespace DisasterTolerance.Nbd.Client;

/// <summary>Takes replies off the wire, in whatever order they come, and gives each to its request.</summary>
internal sealed class ReplyReceiver(WireConnection wire, RequestWindow window, Agreement agreement)
{
    private static readonly MessageParser<ReplyHeader> Header = ReplyFormat.TryReadHeader;
    private static readonly MessageParser<ulong> Offset = ReplyFormat.TryReadOffset;
    private static readonly MessageParser<uint> Number = ReplyFormat.TryReadUInt32;
    private static readonly MessageParser<(uint Length, uint Status)> Descriptor = ReplyFormat.TryReadDescriptor;

    public async Task ReceiveAllAsync()
    {
        while (true)
        {
            var header = await wire.ReceiveAsync(Header, CancellationToken.None).ConfigureAwait(false);
            var place = window.Find(header.Cookie);
            if (header.IsStructured)
            {
                await ChunkAsync(header, place).ConfigureAwait(false);
            }
            else
            {
                await SimpleAsync(header, place).ConfigureAwait(false);
            }

            if (header.IsDone)
            {
                End(place);
            }
        }
    }

    private void End(PendingRequest place)
    {
        var request = place.Request;
        if (place.Error is null && !place.Coverage.IsComplete)
        {
            throw new NbdProtocolException($"The server ended its reply to a read of {request.Length} bytes at {request.Offset} before all of them had come.");
        }

        if (place.Error is null && request.Command == Command.BlockStatus && place.Extents.Count == 0)
        {
            throw new NbdProtocolException($"The server described nothing of the {request.Length} bytes at {request.Offset} in the context that was asked for.");
        }

        window.End(place, place.Error is { } error ? ClientErrors.Refused(request, error.Error, error.Message) : null);
    }

    private async ValueTask SimpleAsync(ReplyHeader header, PendingRequest place)
    {
        var request = place.Request;
        if (header.Error != NbdError.None)
        {
            place.Error = new(header.Error, "");
        }
        else if (request.Command == Command.BlockStatus || (request.Command == Command.Read && agreement.IsStructured))
        {
            throw new NbdProtocolException($"The server answered {request.Command} with a simple reply where a structured one was agreed.");
        }
        else if (request.Command == Command.Read)
        {
            place.Coverage.Add(request.Offset, request.Length);
            await DataAsync(place, 0, (int)request.Length).ConfigureAwait(false);
        }
    }

    private ValueTask ChunkAsync(in ReplyHeader header, PendingRequest place)
    {
        if (!agreement.IsStructured)
        {
            throw new NbdProtocolException("The server sent a structured reply, which was not agreed.");
        }

        var command = place.Request.Command;
        return header.Type switch
        {
            ChunkType.None => ValueTask.CompletedTask,
            ChunkType.OffsetData when command == Command.Read => DataChunkAsync(header, place),
            ChunkType.OffsetHole when command == Command.Read => HoleChunkAsync(place),
            ChunkType.BlockStatus when command == Command.BlockStatus => StatusChunkAsync(header, place),
            _ when header.IsErrorChunk => ErrorChunkAsync(header, place),
            _ => throw new NbdProtocolException($"The server answered {command} with a chunk of type {header.Type}."),
        };
    }

    private async ValueTask DataChunkAsync(ReplyHeader header, PendingRequest place)
    {
        var offset = await wire.ReceiveAsync(Offset, CancellationToken.None).ConfigureAwait(false);
        var length = (int)header.Length - ReplyFormat.OffsetBytes;
        await DataAsync(place, place.Coverage.Add(offset, length), length).ConfigureAwait(false);
    }

    private async ValueTask HoleChunkAsync(PendingRequest place)
    {
        var offset = await wire.ReceiveAsync(Offset, CancellationToken.None).ConfigureAwait(false);
        var length = await wire.ReceiveAsync(Number, CancellationToken.None).ConfigureAwait(false);
        var start = place.Coverage.Add(offset, length);
        if (place.TryBeginUse())
        {
            place.Target.Span.Slice(start, (int)length).Clear();
            place.EndUse();
        }
    }

    private async ValueTask DataAsync(PendingRequest place, int start, int length)
    {
        if (!place.TryBeginUse())
        {
            await wire.SkipAsync(length, CancellationToken.None).ConfigureAwait(false);
            return;
        }

        try
        {
            await wire.ReceivePayloadAsync(place.Target.Slice(start, length), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            place.EndUse();
        }
    }

    private async ValueTask StatusChunkAsync(ReplyHeader header, PendingRequest place)
    {
        var context = await wire.ReceiveAsync(Number, CancellationToken.None).ConfigureAwait(false);
        var isWanted = context == place.Context;
        if ((isWanted && place.Extents.Count > 0) || !agreement.Contexts.Values.Contains(context))
        {
            throw new NbdProtocolException($"The server described context {context} twice, or it was never agreed.");
        }

        var (position, end) = ((long)place.Request.Offset, (long)place.Request.Offset + place.Request.Length);
        for (var rest = header.Length - sizeof(uint); rest > 0; rest -= ReplyFormat.DescriptorBytes)
        {
            var (length, status) = await wire.ReceiveAsync(Descriptor, CancellationToken.None).ConfigureAwait(false);
            if (position >= end)
            {
                throw new NbdProtocolException($"The server described more than the {place.Request.Length} bytes at {place.Request.Offset} that were asked for.");
            }

            // The last one may reach beyond what was asked.
            var clipped = Math.Min(length, end - position);
            if (isWanted)
            {
                place.Extents.Add(new(position, clipped, status));
            }

            position += clipped;
        }
    }

    private async ValueTask ErrorChunkAsync(ReplyHeader header, PendingRequest place)
    {
        var error = await wire.ReceiveBlockAsync((int)header.Length, ReplyFormat.ReadError, CancellationToken.None).ConfigureAwait(false);
        place.Error ??= error;
    }
}
