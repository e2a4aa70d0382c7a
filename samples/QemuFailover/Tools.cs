namespace DisasterTolerance.QemuFailover;

/// <summary>The programs that the story needs, and the Debian packages that have them.</summary>
internal static class Tools
{
    private static readonly (string Program, string Package)[] Needed =
    [
        ("qemu-system-x86_64", "qemu-system-x86"), ("qemu-storage-daemon", "qemu-system-common"), ("qemu-img", "qemu-utils"), ("qemu-ga", "qemu-guest-agent"),
        ("busybox", "busybox-static"), ("mke2fs", "e2fsprogs"), ("cpio", "cpio"), ("bash", "bash"),
    ];

    /// <summary>What is missing, with the command that installs it; null if nothing is.</summary>
    public static string? FindMissing()
    {
        var missing = Needed.Where(need => !Exists(need.Program)).ToArray();
        return missing.Length == 0
            ? null
            : $"Missing: {string.Join(", ", missing.Select(need => need.Program))}. Install: apt-get install {string.Join(' ', missing.Select(need => need.Package))}";
    }

    // Some lie where only root looks.
    private static bool Exists(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
