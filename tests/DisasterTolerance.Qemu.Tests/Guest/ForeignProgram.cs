using System.Diagnostics;

namespace DisasterTolerance.Qemu.Tests.Guest;

/// <summary>Programs of others, by name.</summary>
internal static class ForeignProgram
{
    public static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(2);

    /// <summary>Where a program is, also in the folders that only root has in its path.</summary>
    public static string? Find(string name) => $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':')
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string name, params string[] arguments)
    {
        using var process = Start(name, arguments);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(HangLimit);
            return (process.ExitCode, await errors + await output);
        }
        finally
        {
            Stop(process);
        }
    }

    public static Process Start(string name, params string[] arguments) => Process.Start(new ProcessStartInfo(Find(name) ?? name, arguments)
    {
        RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
    })!;

    /// <summary>As <c>kill -9</c>.</summary>
    public static void Stop(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }
    }
}
