using System.Diagnostics;

namespace DisasterTolerance.Qemu.Tests.Guest;

/// <summary>The kernel and the initial RAM disk of the tiny guest, built once per test run and kept between runs as long as nothing changed.</summary>
internal sealed record GuestImage(string Kernel, string InitialRamDisk)
{
    private const int SomethingIsMissing = 3;

    private static readonly Lazy<Task<GuestImage>> Built = new(BuildAsync);

    /// <summary>The image. Skips the test where QEMU or a tool of the build is missing.</summary>
    public static async Task<GuestImage> NeedAsync()
    {
        Assert.SkipUnless(ForeignProgram.Find("qemu-system-x86_64") is not null, "skipped: no qemu");
        return await Built.Value;
    }

    private static async Task<GuestImage> BuildAsync()
    {
        var repository = Repository();
        var folder = Directory.CreateDirectory(Path.Combine(repository, "artifacts", "guest")).FullName;
        var (exitCode, output) = await ForeignProgram.RunAsync("bash", Path.Combine(repository, "samples", "QemuFailover", "guest", "build.sh"), folder);
        Assert.SkipWhen(exitCode == SomethingIsMissing, $"skipped: no guest. {output}");
        Assert.True(exitCode == 0, $"The guest was not built: exit code {exitCode}. {output}");
        return new(Path.Combine(folder, "vmlinuz"), Path.Combine(folder, "initrd.gz"));
    }

    private static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DisasterTolerance.sln")))
        {
            folder = folder.Parent ?? throw new UnreachableException("The tests run outside of their repository.");
        }

        return folder.FullName;
    }
}
