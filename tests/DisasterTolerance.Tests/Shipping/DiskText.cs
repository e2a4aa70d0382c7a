namespace DisasterTolerance.Tests.Shipping;

/// <summary>Content that compresses to about a half, as a file system's does, and never repeats.</summary>
internal static class DiskText
{
    public static byte[] Bytes(int seed, int length)
    {
        var random = new Random(seed);
        var bytes = new byte[length];
        random.NextBytes(bytes);

        // Sixteen letters: four bits in eight.
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)('a' + (bytes[i] & 15));
        }

        return bytes;
    }
}
