using System.Buffers;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Wire;

namespace DisasterTolerance.Nbd.Server;

/// <summary>The transmission phase of one connection: reads requests and works on a limited number of them at once.</summary>
internal sealed class ServerTransmission
{
    private static readonly MessageParser<Request> Header = RequestFormat.TryRead;

    private readonly WireConnection _wire;
    private readonly Session _session;
    private readonly int _maxRequests;
    private readonly Action<string?, Exception>? _failed;
    private readonly ReplySender _replies;
    private readonly RequestHandler _handler;
    private readonly SemaphoreSlim _room;

    public ServerTransmission(WireConnection wire, Session session, NbdServerOptions options)
    {
        (_wire, _session, _maxRequests, _failed) = (wire, session, options.MaxRequests, options.Failed);
        _replies = new(wire, session.IsStructured);
        _handler = new(session, _replies);
        _room = new(_maxRequests, _maxRequests);
    }

    /// <summary>Ends when the client takes leave, and throws when it goes without.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await ReceiveAllAsync(ending.Token).ConfigureAwait(false);
        }
        catch
        {
            await ending.CancelAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            // The work ends before the connection does: nothing of the export is used afterwards.
            for (var i = 0; i < _maxRequests; i++)
            {
                await _room.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task ReceiveAllAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var request = await _wire.ReceiveAsync(Header, cancellationToken).ConfigureAwait(false);
            if (request.Command == Command.Disconnect)
            {
                return;
            }

            await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
            var error = RequestRules.Check(request, _session);
            byte[] payload = [];
            try
            {
                payload = await PayloadAsync(request, error, cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                _room.Release();
                throw;
            }

            _ = WorkAsync(request, error, payload, cancellationToken);
        }
    }

    private async ValueTask<byte[]> PayloadAsync(Request request, NbdError error, CancellationToken cancellationToken)
    {
        if (request.Command != Command.Write)
        {
            return [];
        }

        if (error != NbdError.None)
        {
            // No room is made for what is not going to be written.
            await _wire.SkipAsync(request.Length, cancellationToken).ConfigureAwait(false);
            return [];
        }

        var buffer = ArrayPool<byte>.Shared.Rent((int)request.Length);
        try
        {
            await _wire.ReceivePayloadAsync(buffer.AsMemory(0, (int)request.Length), cancellationToken).ConfigureAwait(false);
            return buffer;
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    private async Task WorkAsync(Request request, NbdError error, byte[] payload, CancellationToken cancellationToken)
    {
        try
        {
            // An export that answers at once must not keep the reader from the next request.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            if (error == NbdError.None)
            {
                await HandleAsync(request, payload, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await _replies.ErrorAsync(request, error, "", cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception cause)
        {
            // No reply could be sent, so the connection is of no use any more; its reader ends by this.
            _wire.Abort();
            Report(cause, cancellationToken);
        }
        finally
        {
            if (payload.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(payload);
            }

            _room.Release();
        }
    }

    private async ValueTask HandleAsync(Request request, byte[] payload, CancellationToken cancellationToken)
    {
        try
        {
            var length = request.Command == Command.Write ? (int)request.Length : 0;
            await _handler.HandleAsync(request, payload.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception cause) when (cause is not ReplyLostException)
        {
            Report(cause, cancellationToken);
            await _replies.ErrorAsync(request, ServerErrors.Of(cause), ServerErrors.TextOf(cause), cancellationToken).ConfigureAwait(false);
        }
    }

    private void Report(Exception cause, CancellationToken cancellationToken)
    {
        if (!cancellationToken.IsCancellationRequested)
        {
            _failed?.Invoke(_session.Name, cause);
        }
    }
}
