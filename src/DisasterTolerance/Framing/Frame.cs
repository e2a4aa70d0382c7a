using System.Buffers;

namespace DisasterTolerance.Framing;

/// <summary>A complete frame whose checksum is right. The body is a view of the buffer that it was read from.</summary>
/// <param name="Type">What the body is.</param>
/// <param name="Flags">How to treat it.</param>
/// <param name="Stream">Which request an answer belongs to; 0 where nothing is correlated.</param>
/// <param name="Body">The body, in the caller's buffer.</param>
internal readonly record struct Frame(ushort Type, FrameFlags Flags, ulong Stream, ReadOnlySequence<byte> Body);
