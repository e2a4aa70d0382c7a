using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>
/// What a file system says of a file's content: where it lies, how long it is, when it was written, and when anything of it was changed. The last one no program can set, so equal stamps mean equal content,
/// unless the clock of the machine was set back.
/// </summary>
internal readonly partial record struct FileStamp(ulong Inode, long Length, long WrittenNanoseconds, long ChangedNanoseconds)
{
    private const int EmptyPath = 0x1000;
    private const uint BasicStats = 0x7FF;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>A file system's clock ticks more slowly than a program writes: a stamp says nothing until this long after the last change.</summary>
    private static readonly TimeSpan Settles = TimeSpan.FromSeconds(2);

    public static FileStamp Of(SafeFileHandle file)
    {
        StatBuffer stat = default;
        return Stat(file, "", EmptyPath, BasicStats, ref stat) == 0
            ? new(stat.Inode, stat.Size, (stat.ModifiedSeconds * NanosecondsPerSecond) + stat.ModifiedNanoseconds, (stat.ChangedSeconds * NanosecondsPerSecond) + stat.ChangedNanoseconds)
            : throw new IOException($"statx: {Marshal.GetLastPInvokeErrorMessage()}.", Marshal.GetLastPInvokeError());
    }

    /// <summary>Whether the last change is long enough ago for a later one to be seen.</summary>
    public bool IsSettled(DateTimeOffset now) => now - DateTimeOffset.UnixEpoch > TimeSpan.FromTicks(ChangedNanoseconds / TimeSpan.NanosecondsPerTick) + Settles;

    public override string ToString() => $"file {Inode} {Length} {WrittenNanoseconds} {ChangedNanoseconds}";

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(SafeFileHandle directory, string path, int flags, uint mask, ref StatBuffer result);

    /// <summary>The kernel's <c>struct statx</c>, alike on every architecture; only what is used here has a name.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatBuffer
    {
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public long Size;
        [FieldOffset(96)] public long ChangedSeconds;
        [FieldOffset(104)] public uint ChangedNanoseconds;
        [FieldOffset(112)] public long ModifiedSeconds;
        [FieldOffset(120)] public uint ModifiedNanoseconds;
    }
}
