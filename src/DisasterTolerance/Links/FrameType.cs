namespace DisasterTolerance.Links;

/// <summary>The frames of the session layer. The values are part of the protocol; 0x20 to 0x3f are <see cref="DataFrameType"/>.</summary>
internal enum FrameType : ushort
{
    /// <summary>First frame of the dialler.</summary>
    Hello = 0x01,

    /// <summary>First frame of the listener: it agrees.</summary>
    Welcome = 0x02,

    /// <summary>The sender ends the connection because of an error; the body says which.</summary>
    Refuse = 0x03,

    /// <summary>Control: asks for an echo.</summary>
    Heartbeat = 0x04,

    /// <summary>Control: the echo, with the same stream.</summary>
    HeartbeatEcho = 0x05,

    /// <summary>Control: method name and JSON of a request; the stream is chosen by the caller.</summary>
    Request = 0x06,

    /// <summary>Control: JSON of the response, with the request's stream.</summary>
    Response = 0x07,

    /// <summary>Control: the error of a request, with its stream.</summary>
    Failure = 0x08,

    /// <summary>Control: the caller of the request with this stream is no longer interested.</summary>
    Cancel = 0x09,

    /// <summary>Control: the sender is stopping and will close the connection.</summary>
    Goodbye = 0x0a,

    /// <summary>Data: nothing to say, but alive.</summary>
    KeepAlive = 0x0b,

    /// <summary>Data: the sender will send nothing more.</summary>
    End = 0x0c,
}
