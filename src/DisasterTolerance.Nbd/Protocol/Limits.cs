namespace DisasterTolerance.Nbd.Protocol;

/// <summary>Hard limits on what a peer may send.</summary>
internal static class Limits
{
    /// <summary>The longest string of the protocol, in bytes.</summary>
    public const int StringBytes = 4096;

    /// <summary>The most data of one option or of one reply to an option.</summary>
    public const int OptionBytes = 64 << 10;

    /// <summary>Options in one negotiation, replies to one option.</summary>
    public const int Options = 256;
    public const int OptionReplies = 10_000;

    /// <summary>Queries in one option about metadata contexts, information requests in one GO or INFO.</summary>
    public const int Queries = 64;
    public const int InfoRequests = 64;

    /// <summary>The most payload of one read or write, whatever block sizes were agreed.</summary>
    public const int PayloadBytes = 64 << 20;

    /// <summary>Descriptors of one block-status chunk.</summary>
    public const int Descriptors = 128 << 10;

    /// <summary>The payload of an error chunk: number, length, message, offset.</summary>
    public const int ErrorBytes = StringBytes + 64;

    /// <summary>Separate islands that the chunks of one read may form before they join.</summary>
    public const int Islands = 1024;
}
