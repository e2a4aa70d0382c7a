using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Images;

/// <summary>Linux file calls that the base library does not have, or whose errors it drops. Those with file offsets only in 64-bit processes.</summary>
[SupportedOSPlatform("linux")]
internal static partial class NativeFile
{
    public const int PermissionDenied = 1;
    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int NoDeviceOrAddress = 6;
    public const int CrossDevice = 18;
    public const int InvalidArgument = 22;
    public const int NotATerminal = 25;
    public const int TextBusy = 26;
    public const int NotImplemented = 38;
    public const int NotSupported = 95;

    private const int SeekEnd = 2;
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int CurrentDirectory = -100;
    private const int EmptyPath = 0x1000;
    private const uint BasicStats = 0x7FF;
    private const nuint CloneRequest = 0x40049409;
    private const int KeepSize = 1;
    private const int PunchHole = 2;
    private const int CloseOnExec = 0x80000;

    /// <summary>Whether file offsets have 64 bits in these calls.</summary>
    [SupportedOSPlatformGuard("linux")]
    public static bool IsAvailable => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    public static long GetEnd(SafeFileHandle file)
    {
        long end = Seek(file, 0, SeekEnd);
        return end >= 0 ? end : throw Failure("lseek");
    }

    /// <summary>The first byte of data at or behind a position; null if there is none; the position itself where the file system cannot tell.</summary>
    public static long? NextData(SafeFileHandle file, long position) => NextOf(file, position, SeekData, position);

    /// <summary>The first byte of a hole at or behind a position; null if the file system cannot tell.</summary>
    public static long? NextHole(SafeFileHandle file, long position) => NextOf(file, position, SeekHole, null);

    /// <summary>Makes a range a hole; false where the file system or device cannot.</summary>
    public static bool TryPunchHole(SafeFileHandle file, long offset, long length)
    {
        int error = Retry(() => Allocate(file, PunchHole | KeepSize, offset, length));
        return error switch
        {
            0 => true,
            NotSupported or NotATerminal or NotImplemented or InvalidArgument => false,
            _ => throw Failure("fallocate", error),
        };
    }

    /// <summary>Makes <paramref name="target"/> a clone of all of <paramref name="source"/>; false where the file systems cannot.</summary>
    public static bool TryClone(SafeFileHandle source, SafeFileHandle target)
    {
        bool added = false;
        try
        {
            source.DangerousAddRef(ref added);
            nint descriptor = source.DangerousGetHandle();
            int error = Retry(() => Control(target, CloneRequest, descriptor));
            return error switch
            {
                0 => true,
                NotSupported or NotATerminal or NotImplemented or InvalidArgument or CrossDevice or TextBusy or PermissionDenied => false,
                _ => throw Failure("clone", error),
            };
        }
        finally
        {
            if (added)
            {
                source.DangerousRelease();
            }
        }
    }

    public static unsafe FileStamp GetStamp(SafeFileHandle file)
    {
        StatBuffer stat;
        if (StatHandle(file, "", EmptyPath, BasicStats, &stat) != 0)
        {
            throw Failure("statx");
        }

        return stat.ToStamp();
    }

    public static unsafe FileKind GetKind(string path)
    {
        StatBuffer stat;
        if (StatPath(CurrentDirectory, path, 0, BasicStats, &stat) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            return error is NoEntry ? FileKind.Missing : throw Failure("statx", error);
        }

        return (stat.Mode & 0xF000) switch
        {
            0x8000 => FileKind.Regular,
            0x6000 => FileKind.BlockDevice,
            _ => FileKind.Other,
        };
    }

    private static long? NextOf(SafeFileHandle file, long position, int whence, long? unknown)
    {
        long found = Seek(file, position, whence);
        if (found >= 0)
        {
            return found;
        }

        int error = Marshal.GetLastPInvokeError();
        return error switch
        {
            NoDeviceOrAddress => null,
            InvalidArgument or NotSupported => unknown,
            _ => throw Failure("lseek", error),
        };
    }

    private static void Check(Func<int> call, string name)
    {
        int error = Retry(call);
        if (error != 0)
        {
            throw Failure(name, error);
        }
    }

    private static int Retry(Func<int> call)
    {
        while (call() != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                return error;
            }
        }

        return 0;
    }

    private static IOException Failure(string call) => Failure(call, Marshal.GetLastPInvokeError());

    private static IOException Failure(string call, int error) => new($"{call}: {new Win32Exception(error).Message}.", error);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, nuint request, nint argument);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatHandle(SafeFileHandle directory, string path, int flags, uint mask, StatBuffer* result);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatPath(int directory, string path, int flags, uint mask, StatBuffer* result);

    /// <summary>The kernel's <c>struct statx</c>, alike on every architecture; only what is used here has a name.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatBuffer
    {
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(40)] public long Size;
        [FieldOffset(96)] public long ChangedSeconds;
        [FieldOffset(104)] public uint ChangedNanoseconds;
        [FieldOffset(112)] public long ModifiedSeconds;
        [FieldOffset(120)] public uint ModifiedNanoseconds;
        [FieldOffset(136)] public uint DeviceMajor;
        [FieldOffset(140)] public uint DeviceMinor;

        public readonly FileStamp ToStamp() => new(
            ((ulong)DeviceMajor << 32) | DeviceMinor,
            Inode,
            Size,
            (ModifiedSeconds * 1_000_000_000) + ModifiedNanoseconds,
            (ChangedSeconds * 1_000_000_000) + ChangedNanoseconds);
    }
}
