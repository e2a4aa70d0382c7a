namespace DisasterTolerance.Testing.Conformance;

/// <summary>Bytes that are never zero and tell their offset and writer, so that a read from a wrong place or of an old version is seen.</summary>
internal static class TestContent
{
    public static byte[] Of(int length, long offset, int version)
    {
        byte[] content = new byte[length];
        for (int index = 0; index < length; index++)
        {
            ulong mixed = (ulong)(offset + index + (version * 1_000_003L)) * 0x9E3779B97F4A7C15UL;
            content[index] = (byte)((mixed >> 56) | 1);
        }

        return content;
    }
}
