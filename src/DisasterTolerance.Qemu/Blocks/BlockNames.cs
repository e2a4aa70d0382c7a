using System.Security.Cryptography;
using System.Text;

namespace DisasterTolerance.Qemu.Blocks;

/// <summary>
/// Names that the provider gives inside QEMU. Pure. Those of disks follow from the disk's id alone, so they are the same in every process; node names have at most 31 characters, longer ones are hashed.
/// </summary>
internal static class BlockNames
{
    private const string Prefix = "dt";
    private const int ReadableCharacters = 20;

    public static string Node(string disk) => $"{Prefix}-{Short(disk)}";

    /// <summary>The node that a disk is pulled to; by and by it takes the place of the first.</summary>
    public static string PulledNode(string disk) => $"{Prefix}p-{Short(disk)}";

    public static string Device(string disk) => $"{Prefix}d-{Short(disk)}";

    public static string MirrorJob(string disk) => $"{Prefix}m-{Short(disk)}";

    /// <summary>The storage daemon of one disk that is written; its sockets are named by it, so it is short.</summary>
    public static string Daemon(string disk) => $"t{Hash(disk)[..6]}";

    /// <summary>What belongs to one disk of one snapshot: node, job and export have the same name.</summary>
    public static string Fleece(string snapshot, string disk) => $"{Prefix}f-{Hash($"{snapshot}/{disk}")}";

    /// <summary>A bitmap tells whose it is: ours, the plan's, and the snapshot's at whose instant it begins.</summary>
    public static string Bitmap(Guid plan, string snapshot) => $"{Prefix}.{plan:N}.{snapshot}";

    /// <summary>The name by which NBD shows a bitmap.</summary>
    public static string Context(string bitmap) => $"qemu:dirty-bitmap:{bitmap}";

    private static string Short(string disk) => disk.Length <= ReadableCharacters ? disk : Hash(disk);

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
}
