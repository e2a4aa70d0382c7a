using System.IO.Pipelines;

namespace DisasterTolerance.Transport;

/// <summary>
/// An open, authenticated, ordered byte stream in both directions. One reader and one writer may work at the same time; <see cref="Abort"/> and the
/// properties are thread-safe. After a failure both pipes end with an exception. Disposing closes the connection.
/// </summary>
public interface ILinkConnection : IAsyncDisposable
{
    /// <summary>What the peer sends. An orderly end of the stream completes it.</summary>
    PipeReader Input { get; }

    /// <summary>What goes to the peer. A flush returns when the bytes were handed to the network, so a slow peer or a limit slows the writer down.</summary>
    PipeWriter Output { get; }

    /// <summary>The key that the peer proved to hold: SHA-256 of its SubjectPublicKeyInfo as 64 lower-case hex digits.</summary>
    string RemoteKey { get; }

    /// <summary>Bytes written to the socket so far, TLS records included, TCP/IP headers not.</summary>
    long BytesWritten { get; }

    /// <summary>Bytes read from the socket so far, TLS records included, TCP/IP headers not.</summary>
    long BytesRead { get; }

    /// <summary>
    /// What every byte written to the socket has to pass; null (the default) lets all bytes pass. Bytes written before it was set are charged with the next write.
    /// A change takes effect with the next piece written.
    /// </summary>
    ILinkThrottle? OutputThrottle { get; set; }

    /// <summary>Closes the connection at once and without an orderly end. Pending and later reads and writes fail. The first reason wins. Never throws.</summary>
    /// <param name="reason">Why, in plain words.</param>
    void Abort(string reason);
}
