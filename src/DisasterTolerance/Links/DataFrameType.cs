namespace DisasterTolerance.Links;

/// <summary>The frames of a ship session. The values are part of the protocol; they share one number space with the frames of the session layer.</summary>
internal enum DataFrameType : ushort
{
    /// <summary>Sender to receiver: names of leaves and nodes that the sender could send.</summary>
    Offer = 0x20,

    /// <summary>Receiver to sender: which of an offer are held full, held as patch, or lacked.</summary>
    Answer = 0x21,

    /// <summary>Sender to receiver: one stored record.</summary>
    Record = 0x22,

    /// <summary>Receiver to sender: up to where everything is durable.</summary>
    Ack = 0x23,

    /// <summary>Sender to receiver: everything was sent, commit.</summary>
    Finish = 0x24,

    /// <summary>Receiver to sender: the outcome of the commit.</summary>
    Result = 0x25,

    /// <summary>Either way: the session cannot go on, and why.</summary>
    Error = 0x26,
}
