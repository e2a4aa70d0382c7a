using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using DisasterTolerance.Nbd.Client;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Wire;

namespace DisasterTolerance.Nbd;

/// <summary>
/// One connection to one export of an NBD server. All members may be called from several threads at once; requests share the
/// connection, and their answers may come in any order. A call ends only when the caller's buffer is not used any more.
/// </summary>
public sealed class NbdClient : IAsyncDisposable
{
    // Small enough for the 32 bits of a request at any block size, large enough to make the number of requests no matter.
    private const long Step = 1 << 30;

    private readonly ClientConnection _connection;
    private readonly Agreement _agreement;

    private NbdClient(ClientConnection connection, Agreement agreement) => (_connection, _agreement) = (connection, agreement);

    /// <summary>The export's length in bytes.</summary>
    public long Length => _agreement.Length;

    /// <summary>What the export can do.</summary>
    public NbdExportFlags Flags => _agreement.Flags;

    /// <summary>The block sizes that requests keep to. The maximum is at most 64 MiB, whatever the server allows.</summary>
    public NbdBlockSizes BlockSizes => _agreement.BlockSizes;

    /// <summary>Whether structured replies were agreed.</summary>
    public bool HasStructuredReplies => _agreement.IsStructured;

    /// <summary>The metadata contexts that were agreed; those that the server does not know are missing.</summary>
    public IReadOnlyCollection<string> Contexts => [.. _agreement.Contexts.Keys];

    /// <summary>Whether several connections may be used for one export: each sees what another wrote once any of them was flushed.</summary>
    public bool CanMultiConn => (Flags & NbdExportFlags.MultiConnection) != 0;

    /// <summary>Whether the connection stands. Once false it stays so; connect anew then.</summary>
    public bool IsConnected => _connection.IsConnected;

    /// <summary>Connects and negotiates.</summary>
    /// <param name="options">Where to and what to ask for.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="NbdException">The server cannot be reached, has no such export, or refused.</exception>
    /// <exception cref="NbdProtocolException">The server sent something that the protocol does not allow.</exception>
    public static Task<NbdClient> ConnectAsync(NbdClientOptions options, CancellationToken cancellationToken = default) => NegotiateAsync(
        options,
        async (wire, negotiation, cancellation) =>
        {
            var agreement = await negotiation.GoAsync(cancellation).ConfigureAwait(false);
            return (new NbdClient(new(wire, options, agreement), agreement), true);
        },
        cancellationToken);

    /// <summary>Asks a server for its exports. <see cref="NbdClientOptions.Export"/> does not matter.</summary>
    /// <param name="options">Where to ask.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="NbdException">The server cannot be reached or does not tell.</exception>
    /// <exception cref="NbdProtocolException">The server sent something that the protocol does not allow.</exception>
    public static Task<IReadOnlyList<NbdExportInfo>> ListExportsAsync(NbdClientOptions options, CancellationToken cancellationToken = default) =>
        AskAsync(options, (negotiation, cancellation) => negotiation.ListAsync(cancellation), cancellationToken);

    /// <summary>Asks which metadata contexts an export has.</summary>
    /// <param name="options">Where to ask. <see cref="NbdClientOptions.Contexts"/> are the queries, such as <c>qemu:</c>; none asks for all.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>Names; empty if the server knows no contexts.</returns>
    /// <exception cref="NbdException">The server cannot be reached, has no such export, or refused.</exception>
    /// <exception cref="NbdProtocolException">The server sent something that the protocol does not allow.</exception>
    public static Task<IReadOnlyList<string>> ListContextsAsync(NbdClientOptions options, CancellationToken cancellationToken = default) =>
        AskAsync(options, (negotiation, cancellation) => negotiation.ListContextsAsync(cancellation), cancellationToken);

    /// <summary>Fills a buffer from the export. More than the largest payload is read in several requests, one after the other.</summary>
    /// <param name="offset">First byte, a multiple of the minimum block size.</param>
    /// <param name="buffer">The caller's buffer; its length is a multiple of the minimum block size. Undefined after an exception.</param>
    /// <param name="cancellationToken">Ends the waiting. The answer is thrown away when it comes.</param>
    /// <exception cref="ArgumentException">The range is outside the export or not aligned.</exception>
    /// <exception cref="NbdException">The server answered with an error, or the connection was lost.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        AssertRange(offset, buffer.Length);
        while (!buffer.IsEmpty)
        {
            var piece = buffer[..Math.Min(buffer.Length, BlockSizes.Maximum)];
            await _connection.RequestAsync(Command.Read, CommandFlags.None, offset, piece.Length, new(Target: piece), cancellationToken).ConfigureAwait(false);
            (offset, buffer) = (offset + piece.Length, buffer[piece.Length..]);
        }
    }

    /// <summary>Writes a buffer to the export. More than the largest payload is written in several requests, one after the other.</summary>
    /// <param name="offset">First byte, a multiple of the minimum block size.</param>
    /// <param name="buffer">The data; its length is a multiple of the minimum block size.</param>
    /// <param name="isDurable">Whether the call ends only when the data is durable (FUA). The export has to have that flag.</param>
    /// <param name="cancellationToken">Ends the waiting. Whether the data was written is unknown then.</param>
    /// <exception cref="ArgumentException">The range is outside the export or not aligned.</exception>
    /// <exception cref="NbdException">The server answered with an error, cannot do it, or the connection was lost.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, bool isDurable = false, CancellationToken cancellationToken = default)
    {
        AssertRange(offset, buffer.Length);
        var flags = ChangeFlags(isDurable, NbdExportFlags.HasFlags);
        while (!buffer.IsEmpty)
        {
            var piece = buffer[..Math.Min(buffer.Length, BlockSizes.Maximum)];
            await _connection.RequestAsync(Command.Write, flags, offset, piece.Length, new(Payload: piece), cancellationToken).ConfigureAwait(false);
            (offset, buffer) = (offset + piece.Length, buffer[piece.Length..]);
        }
    }

    /// <summary>Makes durable what was written and answered before.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="NbdException">The server answered with an error, cannot do it, or the connection was lost.</exception>
    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        AssertCan(NbdExportFlags.Flush);
        return _connection.RequestAsync(Command.Flush, CommandFlags.None, 0, 0, default, cancellationToken);
    }

    /// <summary>Says that a range is not needed any more. What it reads as afterwards is undefined.</summary>
    /// <param name="offset">First byte, a multiple of the minimum block size.</param>
    /// <param name="length">Bytes, a multiple of the minimum block size.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">The range is outside the export or not aligned.</exception>
    /// <exception cref="NbdException">The server answered with an error, cannot do it, or the connection was lost.</exception>
    public ValueTask TrimAsync(long offset, long length, CancellationToken cancellationToken = default) =>
        InStepsAsync(Command.Trim, ChangeFlags(false, NbdExportFlags.Trim), offset, length, cancellationToken);

    /// <summary>Makes a range read as zeros.</summary>
    /// <param name="offset">First byte, a multiple of the minimum block size.</param>
    /// <param name="length">Bytes, a multiple of the minimum block size.</param>
    /// <param name="mayPunchHole">Whether the range may become a hole. Default: true.</param>
    /// <param name="isDurable">Whether the call ends only when the zeros are durable (FUA). The export has to have that flag.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ArgumentException">The range is outside the export or not aligned.</exception>
    /// <exception cref="NbdException">The server answered with an error, cannot do it, or the connection was lost.</exception>
    public ValueTask WriteZeroesAsync(long offset, long length, bool mayPunchHole = true, bool isDurable = false, CancellationToken cancellationToken = default) =>
        InStepsAsync(Command.WriteZeroes, ChangeFlags(isDurable, NbdExportFlags.WriteZeroes) | (mayPunchHole ? CommandFlags.None : CommandFlags.NoHole), offset, length, cancellationToken);

    /// <summary>Yields the extents of a range in one metadata context, in order and without gaps. Neighbours may have the same status.</summary>
    /// <param name="context">One of <see cref="Contexts"/>.</param>
    /// <param name="offset">First byte, a multiple of the minimum block size.</param>
    /// <param name="length">Bytes, a multiple of the minimum block size.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <exception cref="ArgumentException">The range is outside the export or not aligned.</exception>
    /// <exception cref="NbdException">The context was not agreed, the server answered with an error, or the connection was lost.</exception>
    public async IAsyncEnumerable<NbdExtent> BlockStatusAsync(string context, long offset, long length, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        AssertRange(offset, length);
        if (!_agreement.Contexts.TryGetValue(context, out var id))
        {
            throw new NbdException(ErrorCode.PeerRefused, NbdError.NotSupported, $"The metadata context '{context}' was not agreed. Name it in the options, and look into {nameof(Contexts)}.");
        }

        List<NbdExtent> extents = [];
        for (var end = offset + length; offset < end; offset = extents[^1].End)
        {
            extents.Clear();
            await _connection.RequestAsync(Command.BlockStatus, CommandFlags.None, offset, Math.Min(Step, end - offset), new(Context: id), cancellationToken, extents).ConfigureAwait(false);
            foreach (var extent in extents)
            {
                yield return extent;
            }
        }
    }

    /// <summary>Takes leave of the server and closes the connection. Requests that are still in flight fail.</summary>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static Task<T> AskAsync<T>(NbdClientOptions options, Func<ClientNegotiation, CancellationToken, Task<T>> ask, CancellationToken cancellationToken) => NegotiateAsync(
        options,
        async (_, negotiation, cancellation) =>
        {
            var answer = await ask(negotiation, cancellation).ConfigureAwait(false);
            await negotiation.AbortAsync(cancellation).ConfigureAwait(false);
            return (answer, false);
        },
        cancellationToken);

    private static async Task<T> NegotiateAsync<T>(NbdClientOptions options, Func<WireConnection, ClientNegotiation, CancellationToken, Task<(T Result, bool KeepsOpen)>> negotiate, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.AssertValid();
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        var socket = options.Server is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        WireConnection? wire = null;
        var keepsOpen = false;
        try
        {
            await socket.ConnectAsync(options.Server, linked.Token).ConfigureAwait(false);
            wire = new WireConnection(socket, options.Time);
            var negotiation = new ClientNegotiation(wire, options);
            await negotiation.BeginAsync(linked.Token).ConfigureAwait(false);
            (var result, keepsOpen) = await negotiate(wire, negotiation, linked.Token).ConfigureAwait(false);
            return result;
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw ClientErrors.Stalled($"{options.Server}", options.ConnectTimeout);
        }
        catch (Exception cause) when (cause is not OperationCanceledException)
        {
            throw ClientErrors.NotConnected($"{options.Server}", cause);
        }
        finally
        {
            if (!keepsOpen)
            {
                socket.Dispose();
                if (wire is not null)
                {
                    await wire.DisposeAsync().ConfigureAwait(false);
                }
            }
        }
    }

    private async ValueTask InStepsAsync(Command command, CommandFlags flags, long offset, long length, CancellationToken cancellationToken)
    {
        AssertRange(offset, length);
        for (var end = offset + length; offset < end; offset += Math.Min(Step, end - offset))
        {
            await _connection.RequestAsync(command, flags, offset, Math.Min(Step, end - offset), default, cancellationToken).ConfigureAwait(false);
        }
    }

    private void AssertRange(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        if (offset % BlockSizes.Minimum != 0 || length % BlockSizes.Minimum != 0)
        {
            throw new ArgumentException($"Offset {offset} and length {length} have to be multiples of the export's minimum block size of {BlockSizes.Minimum} bytes.", nameof(offset));
        }
    }

    private CommandFlags ChangeFlags(bool isDurable, NbdExportFlags needed)
    {
        AssertCan(needed | (isDurable ? NbdExportFlags.Fua : NbdExportFlags.None));
        if ((Flags & NbdExportFlags.ReadOnly) != 0)
        {
            throw new NbdException(ErrorCode.PeerRefused, NbdError.NotPermitted, "The export is read-only.");
        }

        return isDurable ? CommandFlags.Fua : CommandFlags.None;
    }

    private void AssertCan(NbdExportFlags needed)
    {
        if ((Flags & needed) != needed)
        {
            throw new NbdException(ErrorCode.PeerRefused, NbdError.NotSupported, $"The export cannot do {needed}; it has the flags {Flags}.");
        }
    }
}
