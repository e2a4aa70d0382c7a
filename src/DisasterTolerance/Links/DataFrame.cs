namespace DisasterTolerance.Links;

/// <summary>A frame of a data connection as it was read. The buffers belong to the channel and are valid until its next read.</summary>
/// <param name="Type">The kind of the frame.</param>
/// <param name="Header">The small, structured part.</param>
/// <param name="Body">The bulk part, often empty.</param>
internal readonly record struct DataFrame(DataFrameType Type, ReadOnlyMemory<byte> Header, ReadOnlyMemory<byte> Body);
