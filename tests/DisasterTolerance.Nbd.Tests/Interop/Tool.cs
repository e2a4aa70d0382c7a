using System.Diagnostics;
using DisasterTolerance.Nbd.Tests.Support;

namespace DisasterTolerance.Nbd.Tests.Interop;

/// <summary>Programs of others.</summary>
internal static class Tool
{
    public static void Needs(params string[] names)
    {
        foreach (var name in names)
        {
            Assert.SkipUnless(Find(name) is not null, $"skipped: no {name}");
        }
    }

    /// <summary>Runs a program to its end and returns what it wrote.</summary>
    public static async Task<string> RunAsync(string name, params string[] arguments)
    {
        using var process = Start(name, arguments);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(TestFolder.HangLimit);
            Assert.True(process.ExitCode == 0, $"{name} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await errors}{await output}");
            return await output;
        }
        finally
        {
            Stop(process);
        }
    }

    public static Process Start(string name, params string[] arguments) => Process.Start(new ProcessStartInfo(Find(name)!, arguments)
    {
        RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
    })!;

    public static void Stop(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }
    }

    private static string? Find(string name) => $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':')
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
