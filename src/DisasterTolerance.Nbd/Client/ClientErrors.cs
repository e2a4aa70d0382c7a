using System.Net.Sockets;
using System.Security.Authentication;
using DisasterTolerance.Nbd.Protocol;

namespace DisasterTolerance.Nbd.Client;

/// <summary>What a client throws for what happened.</summary>
internal static class ClientErrors
{
    public static NbdException Refused(in Request request, NbdError error, string message)
    {
        var (code, isTransient) = error switch
        {
            NbdError.InputOutput => (ErrorCode.DiskUnusable, false),
            NbdError.NoSpace => (ErrorCode.StorageFull, false),
            NbdError.NoMemory => (ErrorCode.PeerRefused, true),
            NbdError.ShuttingDown => (ErrorCode.PeerRefused, true),
            _ => (ErrorCode.PeerRefused, false),
        };
        var text = message.Length > 0 ? $" and says: {message}" : "";
        return new(code, error, $"The NBD server answered {request.Command} of {request.Length} bytes at {request.Offset} with {error}{text}. Check the export at the server.", isTransient);
    }

    public static NbdException OptionRefused(OptionCode option, string export, OptionReplyCode code, string message)
    {
        var text = message.Length > 0 ? $" It says: {message}" : "";
        return code switch
        {
            OptionReplyCode.ErrorUnknown => new(ErrorCode.NotFound, NbdError.None, $"The NBD server has no export '{export}'. Ask it for its list of exports.{text}"),
            OptionReplyCode.ErrorTlsRequired => new(ErrorCode.PeerRefused, NbdError.None, $"The NBD server wants TLS. Set {nameof(NbdClientOptions)}.{nameof(NbdClientOptions.Tls)}.{text}"),
            OptionReplyCode.ErrorShutdown => new(ErrorCode.PeerRefused, NbdError.ShuttingDown, $"The NBD server is shutting down. Connect again later.{text}", true),
            _ => new(ErrorCode.PeerRefused, NbdError.None, $"The NBD server refused option {option} for export '{export}' with {code}. Check the server's settings.{text}"),
        };
    }

    /// <summary>Why a connection ended, from what its loops met.</summary>
    public static DisasterToleranceException Ended(string server, Exception cause) => cause switch
    {
        DisasterToleranceException known => known,
        EndOfStreamException or IOException or SocketException or ObjectDisposedException or OperationCanceledException =>
            new NbdException(ErrorCode.LinkLost, NbdError.None, $"The connection to the NBD server at {server} was lost. Connect again.", true, cause),
        _ => new NbdException(ErrorCode.LinkLost, NbdError.None, $"The connection to the NBD server at {server} failed inside this client. Report this.", false, cause),
    };

    /// <summary>The reason of a whole connection, thrown anew for one request.</summary>
    public static DisasterToleranceException ForRequest(DisasterToleranceException reason) =>
        new NbdException(reason.Code, (reason as NbdException)?.Error ?? NbdError.None, reason.Message, reason.IsTransient, reason);

    public static DisasterToleranceException NotConnected(string server, Exception cause) => cause switch
    {
        DisasterToleranceException known => known,
        AuthenticationException => new NbdException(ErrorCode.PeerRefused, NbdError.None, $"The TLS handshake with the NBD server at {server} failed. Check both certificates.", false, cause),
        _ => new NbdException(ErrorCode.PeerUnreachable, NbdError.None, $"The NBD server at {server} cannot be reached. Check that it listens there.", true, cause),
    };

    public static NbdException Stalled(string server, TimeSpan limit) =>
        new(ErrorCode.Stalled, NbdError.None, $"Nothing moved on the connection to the NBD server at {server} for {limit}. Check the server and connect again.", true);

    public static NbdException Disposed(string server) =>
        new(ErrorCode.Cancelled, NbdError.None, $"The client of the NBD server at {server} was disposed while requests were in flight.");
}
