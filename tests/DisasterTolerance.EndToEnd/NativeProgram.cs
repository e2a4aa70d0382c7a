using System.Diagnostics;
using System.Runtime.InteropServices;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.EndToEnd;

/// <summary>The smoke host as a native program.</summary>
internal static class NativeProgram
{
    private static readonly TimeSpan LongestPublish = TimeSpan.FromMinutes(20);

    private static readonly string Artifacts = Path.Combine(Repository.Root, "artifacts", "aot-smoke");

    /// <summary>Whether there is something to link with.</summary>
    public static bool CanLink => CommandPath.Has("clang") || CommandPath.Has("gcc");

    /// <summary>Publishes it; a warning of the trimmer or of the native compiler is an error.</summary>
    /// <returns>Its path.</returns>
    public static async Task<string> PublishAsync(ITestOutputHelper output, CancellationToken cancellationToken)
    {
        // In a folder of its own, so that it disturbs no build; it stays there, so that the next publish has less to do.
        var command = SiteHostProgram.Dotnet(
        [
            "publish", Path.Combine(Repository.Root, "tests", "DisasterTolerance.AotSmoke"), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier,
            "-p:PublishAot=true", "--artifacts-path", Artifacts, "--disable-build-servers",
        ]);
        using var process = Process.Start(command)!;
        var (text, errors) = (process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        try
        {
            await process.WaitForExitAsync(cancellationToken).WaitAsync(LongestPublish, TimeProvider.System, cancellationToken);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        var all = await text + await errors;
        output.WriteLine(all);
        Assert.True(process.ExitCode == 0, all);
        Assert.DoesNotContain("warning IL", all, StringComparison.OrdinalIgnoreCase);
        return Assert.Single(Directory.EnumerateFiles(Path.Combine(Artifacts, "publish", "DisasterTolerance.AotSmoke"), "DisasterTolerance.AotSmoke", SearchOption.AllDirectories));
    }
}
