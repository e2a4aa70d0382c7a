namespace DisasterTolerance.Framing;

/// <summary>Bits of a frame's header. Bits that are not named here must be zero.</summary>
[Flags]
internal enum FrameFlags : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>A receiver that does not know the frame's type skips the frame instead of closing the connection.</summary>
    Ignorable = 1,
}
