using System.Buffers;
using System.Text.Json;

namespace DisasterTolerance.Links;

/// <summary>The bodies of first frames and of errors. Pure.</summary>
internal static class HelloCodec
{
    public const string ControlRole = "control";
    public const string DataRole = "data";

    /// <summary>The dialler only wants to know whether it is welcome.</summary>
    public const string CheckRole = "check";
    private const int LongestText = 1024;

    private static ReadOnlySpan<byte> Magic => "DT-LINK\n"u8;

    /// <summary>Writes the body of a Hello or Welcome: the magic bytes, then JSON.</summary>
    public static byte[] Encode(Hello hello) => [.. Magic, .. JsonSerializer.SerializeToUtf8Bytes(hello, LinkJson.Default.Hello)];

    /// <summary>Reads the body of a Hello or Welcome.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.ProtocolViolation"/>.</exception>
    public static Hello Decode(in ReadOnlySequence<byte> body)
    {
        var bytes = body.ToArray();
        if (!bytes.AsSpan().StartsWith(Magic))
        {
            throw LinkErrors.Violation("The first frame does not begin as one of this protocol.");
        }

        try
        {
            var hello = JsonSerializer.Deserialize(bytes.AsSpan(Magic.Length), LinkJson.Default.Hello);
            return hello is not null && hello.Name is not null && hello.Role is ControlRole or DataRole or CheckRole && hello.MinVersion > 0 && hello.MaxVersion >= hello.MinVersion
                ? hello
                : throw LinkErrors.Violation("The first frame has members that are not valid.");
        }
        catch (JsonException e)
        {
            throw LinkErrors.Violation($"The first frame cannot be read: {e.Message}");
        }
    }

    /// <summary>Writes the body of a Refuse or Failure. Anything that is not an error of ours is named without its details.</summary>
    public static byte[] EncodeError(Exception exception) => JsonSerializer.SerializeToUtf8Bytes(
        exception switch
        {
            PeerRefusedException e => new ErrorBody((int)e.PeerCode, Shorten(e.Message), e.IsTransient),
            DisasterToleranceException e => new ErrorBody((int)e.Code, Shorten(e.Message), e.IsTransient),
            OperationCanceledException => new ErrorBody((int)ErrorCode.Cancelled, "The request was cancelled at the peer.", true),
            _ => new ErrorBody((int)ErrorCode.Unavailable, "The peer failed unexpectedly; its log says why.", false),
        },
        LinkJson.Default.ErrorBody);

    /// <summary>Reads the body of a Refuse or Failure. Whatever code the peer gives, it is never that of success.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.ProtocolViolation"/>.</exception>
    public static PeerRefusedException DecodeError(Guid peer, in ReadOnlySequence<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            return JsonSerializer.Deserialize(ref reader, LinkJson.Default.ErrorBody) is { Message: not null } error
                ? new PeerRefusedException(peer, error.Code == (int)ErrorCode.None ? ErrorCode.Unavailable : (ErrorCode)error.Code, Shorten(error.Message), error.Transient)
                : throw LinkErrors.Violation("An error frame is empty.");
        }
        catch (JsonException e)
        {
            throw LinkErrors.Violation($"An error frame cannot be read: {e.Message}");
        }
    }

    /// <summary>An error's words as far as a site sends them and takes them: they go into the audit log and into answers.</summary>
    public static string Shorten(string text) => text.Length <= LongestText ? text : text[..LongestText];
}
