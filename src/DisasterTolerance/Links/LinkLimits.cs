namespace DisasterTolerance.Links;

/// <summary>The hard limits of the protocol. A change is a change of the protocol version.</summary>
internal static class LinkLimits
{
    /// <summary>The body of the first frame of either side.</summary>
    public const int HelloBodyBytes = 16 * 1024;

    /// <summary>The body of a frame of a control connection.</summary>
    public const int ControlBodyBytes = 16 * 1024 * 1024;

    /// <summary>The header part of a data frame.</summary>
    public const int DataHeaderBytes = 4 * 1024 - sizeof(ushort);

    /// <summary>The payload part of a data frame.</summary>
    public const int DataPayloadBytes = 1024 * 1024;

    /// <summary>The body of a frame of a data connection: length of the header part, header part, payload.</summary>
    public const int DataBodyBytes = DataPayloadBytes + 4 * 1024;

    /// <summary>A method name.</summary>
    public const int MethodNameBytes = 64;

    /// <summary>Requests of one peer that are served at the same time.</summary>
    public const int ConcurrentRequests = 256;

    /// <summary>Bodies of the requests of one peer that are served at the same time, together.</summary>
    public const long ConcurrentRequestBytes = 64L * 1024 * 1024;

    /// <summary>Data connections of one peer that are served at the same time.</summary>
    public const int DataConnections = 64;
}
