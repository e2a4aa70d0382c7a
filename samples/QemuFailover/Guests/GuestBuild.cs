using System.Diagnostics;
using DisasterTolerance.QuickStart;

namespace DisasterTolerance.QemuFailover.Guests;

/// <summary>The kernel and the initial RAM disk of the tiny guest.</summary>
internal sealed record GuestFiles(string Kernel, string InitialRamDisk);

/// <summary>Runs <c>guest/build.sh</c>, which does nothing if nothing changed since the last time.</summary>
internal static class GuestBuild
{
    public static async Task<GuestFiles> RunAsync(CancellationToken cancellationToken)
    {
        var repository = FindRepository();
        var folder = Directory.CreateDirectory(Path.Combine(repository, "artifacts", "guest")).FullName;
        using var process = Process.Start(new ProcessStartInfo("bash", [Path.Combine(repository, "samples", "QemuFailover", "guest", "build.sh"), folder]) { RedirectStandardError = true })!;
        var errors = await process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? new(Path.Combine(folder, "vmlinuz"), Path.Combine(folder, "initrd.gz")) : throw new StoryException(errors.Trim());
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "DisasterTolerance.sln")))
            {
                return folder.FullName;
            }
        }

        throw new StoryException("The guest's build script was not found. Run this sample from a clone of the repository.");
    }
}
