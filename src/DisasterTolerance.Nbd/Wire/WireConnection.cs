using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using DisasterTolerance.Nbd.Protocol;

namespace DisasterTolerance.Nbd.Wire;

/// <summary>Tries to take one message off the front of what was received.</summary>
/// <returns>False if more bytes are needed; nothing is taken then.</returns>
internal delegate bool MessageParser<T>(ref ReadOnlySequence<byte> buffer, out T message);

/// <summary>A connection's stream with its read buffer. One reader and one writer at a time.</summary>
internal sealed class WireConnection : IAsyncDisposable
{
    // Small, so that the bulk of a payload goes from the socket into the caller's buffer.
    private static readonly StreamPipeReaderOptions Reading = new(bufferSize: 4096, minimumReadSize: 1024, leaveOpen: true);
    private static readonly StreamPipeWriterOptions Writing = new(leaveOpen: true);

    private readonly TimeProvider _time;
    private readonly Socket _socket;
    private long _progress;

    public WireConnection(Socket socket, TimeProvider time)
    {
        (_socket, _time) = (socket, time);
        Use(new NetworkStream(socket, ownsSocket: true));
    }

    public Stream Stream { get; private set; }

    public PipeReader Input { get; private set; }

    public PipeWriter Output { get; private set; }

    /// <summary>When bytes last moved.</summary>
    public TimeSpan Idle => _time.GetElapsedTime(Volatile.Read(ref _progress));

    public void MarkProgress() => Volatile.Write(ref _progress, _time.GetTimestamp());

    /// <summary>Goes on over TLS. What came before the handshake must have been consumed: the rest could have been slipped in by anybody.</summary>
    public void Upgrade(Stream stream)
    {
        AssertNothingBuffered();
        Input.Complete();
        Output.Complete();
        Use(stream);
    }

    public void AssertNothingBuffered()
    {
        if (Input.TryRead(out var rest))
        {
            var length = rest.Buffer.Length;
            Input.AdvanceTo(rest.Buffer.Start);
            if (length > 0)
            {
                throw new NbdProtocolException($"{length} bytes came in plain text where TLS begins.");
            }
        }
    }

    /// <exception cref="EndOfStreamException">The peer closed the connection.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T> ReceiveAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await Input.ReadAsync(cancellationToken).ConfigureAwait(false);
            MarkProgress();
            if (TryParse(read.Buffer, parser, out var message))
            {
                return message;
            }

            if (read.IsCompleted)
            {
                throw new EndOfStreamException("The peer closed the connection.");
            }
        }
    }

    /// <summary>The next bytes, as many as asked for; the caller has checked the number against a limit.</summary>
    public async ValueTask<T> ReceiveBlockAsync<T>(int length, Func<ReadOnlySequence<byte>, T> parser, CancellationToken cancellationToken)
    {
        if (length == 0)
        {
            return parser(ReadOnlySequence<byte>.Empty);
        }

        var read = await Input.ReadAtLeastAsync(length, cancellationToken).ConfigureAwait(false);
        MarkProgress();
        if (read.Buffer.Length < length)
        {
            Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            throw new EndOfStreamException("The peer closed the connection.");
        }

        var block = read.Buffer.Slice(0, length);
        try
        {
            return parser(block);
        }
        finally
        {
            Input.AdvanceTo(block.End);
        }
    }

    /// <summary>Fills the buffer: first with what was received already, then straight from the stream.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ReceivePayloadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty && Input.TryRead(out var read))
        {
            var count = (int)Math.Min(read.Buffer.Length, buffer.Length);
            read.Buffer.Slice(0, count).CopyTo(buffer.Span);
            Input.AdvanceTo(read.Buffer.GetPosition(count));
            buffer = buffer[count..];
            if (count == 0)
            {
                break;
            }
        }

        while (!buffer.IsEmpty)
        {
            var count = await Stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            MarkProgress();
            if (count == 0)
            {
                throw new EndOfStreamException("The peer closed the connection.");
            }

            buffer = buffer[count..];
        }
    }

    public async ValueTask SkipAsync(long length, CancellationToken cancellationToken)
    {
        var scratch = ArrayPool<byte>.Shared.Rent(Limits.OptionBytes);
        try
        {
            while (length > 0)
            {
                var count = (int)Math.Min(length, scratch.Length);
                await ReceivePayloadAsync(scratch.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
                length -= count;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    /// <summary>Ends all reads and writes at once.</summary>
    public void Abort() => _socket.Dispose();

    public async ValueTask DisposeAsync()
    {
        Abort();
        await Stream.DisposeAsync().ConfigureAwait(false);
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(Stream), nameof(Input), nameof(Output))]
    private void Use(Stream stream)
    {
        (Stream, Input, Output) = (stream, PipeReader.Create(stream, Reading), PipeWriter.Create(stream, Writing));
        MarkProgress();
    }

    private bool TryParse<T>(ReadOnlySequence<byte> buffer, MessageParser<T> parser, out T message)
    {
        if (parser(ref buffer, out message))
        {
            Input.AdvanceTo(buffer.Start);
            return true;
        }

        Input.AdvanceTo(buffer.Start, buffer.End);
        return false;
    }
}
