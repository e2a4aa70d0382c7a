using System.Diagnostics;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.EndToEnd;

/// <summary>The story with a real guest, as a process.</summary>
[Collection(nameof(WholeMachine))]
public class QemuFailoverTests(ITestOutputHelper output)
{
    private const int SomethingIsMissing = 3;

    [Fact]
    public async Task QemuFailover_RealGuest_EveryCheckHoldsAndNothingIsLeft()
    {
        Assert.SkipUnless(CommandPath.Has("qemu-system-x86_64"), "skipped: no qemu");
        // Short, for the sockets of the machines lie in it.
        var work = Path.Combine(Path.GetTempPath(), $"dt-{Guid.NewGuid():N}"[..11]);
        using var process = Process.Start(SiteHostProgram.Dotnet([DllPath(), "--work", work]))!;
        var (text, errors) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var all = await text + await errors;
        output.WriteLine(all);

        Assert.SkipWhen(process.ExitCode == SomethingIsMissing, $"skipped: {all}");
        Assert.True(process.ExitCode == 0, all);
        Assert.Contains("serial| GUEST VERIFY", all, StringComparison.Ordinal);
        Assert.Contains("Every check held.", all, StringComparison.Ordinal);
        Assert.False(Directory.Exists(work));
        Assert.Empty(ProcessList.Naming(work));
    }

    [Fact]
    public async Task QemuFailover_NoTools_SaysWhatToInstall()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The sample runs on Linux.");
        var command = SiteHostProgram.Dotnet([DllPath()]);
        command.Environment["PATH"] = "/nowhere";
        using var process = Process.Start(command)!;
        var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(SomethingIsMissing, process.ExitCode);
        Assert.Contains("apt-get install qemu-system-x86", errors, StringComparison.Ordinal);
    }

    // Beside SiteHost, in the same configuration.
    private static string DllPath() => SiteHostProgram.DllPath().Replace("SiteHost", "QemuFailover", StringComparison.Ordinal);
}
