using DisasterTolerance.Framing;

namespace DisasterTolerance.Links;

/// <summary>The first frames of a connection. All of it happens before the handshake deadline.</summary>
internal static class Handshake
{
    /// <summary>Introduces this site to a listener.</summary>
    /// <returns>The listener's Welcome; both versions in it are the version chosen.</returns>
    /// <exception cref="PeerRefusedException">The listener refused; its code and message are carried over.</exception>
    /// <exception cref="DisasterToleranceException">
    /// <see cref="ErrorCode.PeerKeyMismatch"/>: the key belongs to another site. <see cref="ErrorCode.ProtocolVersion"/>, <see cref="ErrorCode.ProtocolViolation"/>,
    /// <see cref="ErrorCode.LinkLost"/>, <see cref="ErrorCode.Stalled"/>.
    /// </exception>
    public static async Task<Hello> DialAsync(
        FrameStream frames, Hello mine, PeerOptions peer, LinkOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        Frame? frame;
        try
        {
            frame = await WithinDeadlineAsync(frames, options, time, $"Peer '{peer.Name}'", IntroduceAsync, cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e) when (e.Code == ErrorCode.LinkLost)
        {
            throw ClosedEarly(peer, e);
        }

        if (frame is not { } first)
        {
            throw ClosedEarly(peer, null);
        }

        switch ((FrameType)first.Type)
        {
            case FrameType.Refuse:
                throw HelloCodec.DecodeError(peer.Uuid, first.Body);
            case FrameType.Welcome:
                break;
            default:
                throw LinkErrors.Violation($"Peer '{peer.Name}' began with a frame of type 0x{first.Type:x2}.");
        }

        var welcome = HelloCodec.Decode(first.Body);
        if (welcome.Site != peer.Uuid)
        {
            throw WrongSite(peer, welcome.Site);
        }

        return welcome.MinVersion == welcome.MaxVersion && welcome.MaxVersion >= mine.MinVersion && welcome.MaxVersion <= mine.MaxVersion
            ? welcome
            : throw LinkErrors.Violation($"Peer '{peer.Name}' chose a protocol version that was not offered.");

        async Task<Frame?> IntroduceAsync()
        {
            await frames.WriteAsync(FrameType.Hello, 0, HelloCodec.Encode(mine)).ConfigureAwait(false);
            return await frames.ReadAsync(LinkLimits.HelloBodyBytes, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Reads the Hello of a dialler.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.ProtocolViolation"/>, <see cref="ErrorCode.LinkLost"/>, <see cref="ErrorCode.Stalled"/>.</exception>
    public static async Task<Hello> ListenAsync(FrameStream frames, LinkOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var frame = await WithinDeadlineAsync(
            frames,
            options,
            time,
            "The dialler",
            async () => await frames.ReadAsync(LinkLimits.HelloBodyBytes, CancellationToken.None).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        return frame switch
        {
            null => throw LinkErrors.Lost("the dialler closed the connection before it said anything."),
            { Type: (ushort)FrameType.Hello } hello => HelloCodec.Decode(hello.Body),
            { } other => throw LinkErrors.Violation($"The dialler began with a frame of type 0x{other.Type:x2}."),
        };
    }

    /// <summary>Decides whether a Hello fits the peer whose key was shown. Pure.</summary>
    /// <returns>The version to speak.</returns>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.PeerKeyMismatch"/>, <see cref="ErrorCode.ProtocolVersion"/> or <see cref="ErrorCode.ProtocolViolation"/>.</exception>
    public static int Check(Hello hello, PeerOptions peer, Guid thisSite, ProtocolVersions ours)
    {
        if (hello.Site != peer.Uuid)
        {
            throw WrongSite(peer, hello.Site);
        }

        if (ProtocolVersions.Common(ours, new ProtocolVersions(hello.MinVersion, hello.MaxVersion)) is not { } version)
        {
            throw new DisasterToleranceException(
                ErrorCode.ProtocolVersion,
                $"Site {thisSite} speaks protocol versions {ours.Min} to {ours.Max}, site {hello.Site} speaks {hello.MinVersion} to {hello.MaxVersion}. Upgrade the older one.");
        }

        return hello.Role switch
        {
            HelloCodec.ControlRole when !DialsControl(hello.Site, thisSite) =>
                throw LinkErrors.Violation($"Control connections are dialled by the site with the smaller uuid, which is {thisSite}."),
            HelloCodec.DataRole when hello.Session is null => throw LinkErrors.Violation("A data connection names no session."),
            _ => version,
        };
    }

    /// <summary>Whether the first of two sites is the one that dials the control connection.</summary>
    public static bool DialsControl(Guid site, Guid other) => site.CompareTo(other) < 0;

    // With TLS 1.3 a dialler learns only now that the listener did not take its key.
    private static DisasterToleranceException ClosedEarly(PeerOptions peer, DisasterToleranceException? cause) => LinkErrors.Lost(
        $"peer '{peer.Name}' at {peer.Endpoint} closed the connection during the handshake. Check that it has this site's public key in its configuration; its own link list and log say whom it refused.", cause);

    private static DisasterToleranceException WrongSite(PeerOptions peer, Guid shown) => new(
        ErrorCode.PeerKeyMismatch,
        $"The key of peer '{peer.Name}' ({peer.Uuid}) was shown by a site that calls itself {shown}. Correct the peer's uuid or key in the configuration.");

    private static async Task<Frame?> WithinDeadlineAsync(
        FrameStream frames, LinkOptions options, TimeProvider time, string who, Func<Task<Frame?>> work, CancellationToken cancellationToken)
    {
        var late = new LinkClosing(ErrorCode.Stalled, $"{who} did not finish the handshake within {options.HandshakeTimeout.TotalSeconds} s.");
        using var deadline = new CancellationTokenSource(options.HandshakeTimeout, time);
        using var onDeadline = deadline.Token.UnsafeRegister(_ => frames.Close(late), null);
        using var onCancel = cancellationToken.UnsafeRegister(_ => frames.Close(new LinkClosing(ErrorCode.Cancelled, "The handshake was cancelled.")), null);
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (DisasterToleranceException e) when (ReferenceEquals(frames.Closing, late))
        {
            throw new DisasterToleranceException(late.Code, late.Reason, isTransient: true, e);
        }
        catch (DisasterToleranceException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
