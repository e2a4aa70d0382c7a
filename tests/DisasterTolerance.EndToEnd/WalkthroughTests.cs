using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.EndToEnd;

/// <summary>The story as a shell script.</summary>
[Collection(nameof(WholeMachine))]
public sealed partial class WalkthroughTests(ITestOutputHelper output) : IDisposable
{
    private const string Zone = "Asia/Shanghai";

    private static readonly string[] Routes =
    [
        "link/add", "link/list", "link/checking", "link/edit", "link/delete", "add", "get", "list", "edit", "delete", "state", "backup/execute", "vm/confirm", "vm/backup/list",
        "mastercluster/backup/list", "slavecluster/backup/list", "mastercluster/backup/recovery", "slavecluster/backup/recovery",
    ];

    private readonly HostFolder _folder = new();

    [Fact]
    public async Task Walkthrough_TwoSites_AsksEveryRouteAndEndsWell()
    {
        SkipWithoutTools();
        Assert.SkipUnless(TimeZoneInfo.TryFindSystemTimeZoneById(Zone, out var zone), "skipped: no tzdata");

        var (code, text) = await RunAsync("Site__TimeZone", Zone);

        Assert.True(code == 0, text);
        Assert.Empty(Routes.Except(Asked().Matches(text).Select(match => match.Groups[1].Value)));

        // The older one: a second one within the same second would have the next second's name.
        var point = Point().Matches(text).Last();
        var began = DateTimeOffset.FromUnixTimeSeconds(long.Parse(point.Groups[1].Value, CultureInfo.InvariantCulture));
        Assert.Equal(TimeZoneInfo.ConvertTime(began, zone!).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), point.Groups[2].Value);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Walkthrough_StepFails_SaysWhichAndEndsWithAnError()
    {
        SkipWithoutTools();

        // No run fits into a store that has to keep so much free.
        var (code, text) = await RunAsync("Engine__ReserveBytes", "1000000000000000000");

        Assert.Equal(1, code);
        Assert.Contains("FAILED: backup/execute ", text, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    public void Dispose() => _folder.Dispose();

    private static void SkipWithoutTools()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && CommandPath.Has("bash"), "skipped: no Linux with bash");
        Assert.SkipUnless(CommandPath.Has("curl"), "skipped: no curl");
    }

    [GeneratedRegex(@"\$ curl .*/v1/disaster_tolerant_plan/([a-z/]+)")]
    private static partial Regex Asked();

    [GeneratedRegex("""
        "Name":"DT-(\d+)","Description":"该快照为异地容灾备份于([0-9: -]+)自动创建"
        """)]
    private static partial Regex Point();

    private void AssertNothingIsLeft()
    {
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
        Assert.Empty(ProcessList.Naming(_folder.Path));
    }

    private async Task<(int Code, string Text)> RunAsync(string option, string value)
    {
        var dotnet = Path.GetDirectoryName(SiteHostProgram.DotnetPath());
        using var process = Process.Start(new ProcessStartInfo("bash", [Path.Combine(Repository.Root, "samples", "SiteHost", "walkthrough.sh"), SiteHostProgram.DllPath()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["TMPDIR"] = _folder.Path, ["PATH"] = $"{dotnet}{Path.PathSeparator}{CommandPath.Variable}", [option] = value },
        })!;
        var (text, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var all = await text + await errors;
        output.WriteLine(all);
        return (process.ExitCode, all);
    }
}
