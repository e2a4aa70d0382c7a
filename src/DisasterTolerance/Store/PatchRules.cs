namespace DisasterTolerance.Store;

/// <summary>When a patch is worth while: it costs a second read each time and keeps its base alive. Pure.</summary>
internal static class PatchRules
{
    /// <summary>Contents shorter than this are not worth a base.</summary>
    public const int LeastContent = 256;

    /// <summary>Most bytes that a patch may have to be tried at all: its base was compressed in full, which says what the new content would take.</summary>
    /// <param name="baseLength">Bytes of the base's record.</param>
    public static int Room(int baseLength) => baseLength;

    /// <summary>Whether a patch is so small that nobody needs to know what full compression would give.</summary>
    /// <param name="length">Bytes of the patch.</param>
    /// <param name="baseLength">Bytes of the base's record.</param>
    public static bool IsSmall(int length, int baseLength) => length <= baseLength / 2;

    /// <summary>Whether a patch is clearly smaller than the full record.</summary>
    /// <param name="length">Bytes of the patch.</param>
    /// <param name="fullLength">Bytes of the full record.</param>
    public static bool IsKept(int length, int fullLength) => length <= fullLength / 3 * 2;
}
