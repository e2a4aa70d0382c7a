using System.Diagnostics;
using System.Runtime.InteropServices;
using DisasterTolerance.QuickStart;

namespace DisasterTolerance.EndToEnd;

/// <summary>The README's first command, as a process.</summary>
[Collection(nameof(WholeMachine))]
public partial class QuickStartTests(ITestOutputHelper output)
{
    private const int SigInt = 2;

    [Fact]
    public async Task QuickStart_SmallDisk_EveryCheckHoldsAndNothingIsLeft()
    {
        var (code, text, work) = await RunAsync(["--size", "24"]);

        Assert.True(code == 0, text);
        Assert.Contains("Bytes on the wire", text, StringComparison.Ordinal);
        Assert.False(Directory.Exists(work));
    }

    [Fact]
    public async Task QuickStart_UsersDisksOfOddSizes_AreProtectedAndLeftAlone()
    {
        var folder = Directory.CreateTempSubdirectory("disaster-tolerance-disks-");
        try
        {
            var disks = new List<string>();
            foreach (var length in (int[])[(20 << 20) + 511, 0, 1, (64 << 10) - 1, (64 << 10) + 1])
            {
                var data = new byte[length];
                new Random(length).NextBytes(data);
                disks.Add(Path.Combine(folder.FullName, $"{length}.img"));
                await File.WriteAllBytesAsync(disks[^1], data, TestContext.Current.CancellationToken);
            }

            var before = await Task.WhenAll(disks.Select(HashAsync));

            var (code, text, _) = await RunAsync(["--disk", .. disks]);

            Assert.True(code == 0, text);
            Assert.Equal(before, await Task.WhenAll(disks.Select(HashAsync)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task QuickStart_CtrlC_LeavesNoProcessAndNoFile()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Looks into /proc.");
        var work = Path.Combine(Path.GetTempPath(), $"disaster-tolerance-{Guid.NewGuid():N}");
        using var process = Start(["--size", "24", "--work", work]);
        while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && !line.Contains("First run", StringComparison.Ordinal))
        {
            output.WriteLine(line);
        }

        Assert.NotEmpty(ProcessList.Naming(work));

        Assert.Equal(0, Kill(process.Id, SigInt));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(130, process.ExitCode);
        Assert.False(Directory.Exists(work));
        Assert.Empty(ProcessList.Naming(work));
    }

    [Theory]
    [InlineData("--size 1")]
    [InlineData("--disk /no/such/file")]
    [InlineData("--wrong")]
    public async Task QuickStart_WrongArgument_SaysSo(string arguments)
    {
        using var process = Start(arguments.Split(' '));
        var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(2, process.ExitCode);
        Assert.Contains("Usage", errors, StringComparison.Ordinal);
    }

    private static async Task<string> HashAsync(string file) =>
        Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(file)));

    private static Process Start(IEnumerable<string> arguments) => Process.Start(new ProcessStartInfo(
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet")),
        [typeof(QuickStartOptions).Assembly.Location, .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    private async Task<(int Code, string Text, string Work)> RunAsync(IEnumerable<string> arguments)
    {
        var work = Path.Combine(Path.GetTempPath(), $"disaster-tolerance-{Guid.NewGuid():N}");
        using var process = Start([.. arguments, "--work", work]);
        var (text, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var all = await text + await errors;
        output.WriteLine(all);
        return (process.ExitCode, all, work);
    }
}
