using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DisasterTolerance.QuickStart.Disks;

/// <summary>An ext4 file system in an image, made and changed by e2fsprogs without mounting it.</summary>
internal static class ExtFileSystem
{
    private static readonly string[] Places = ["/usr/sbin", "/sbin", "/usr/bin", "/usr/local/sbin", "/opt/homebrew/opt/e2fsprogs/sbin"];

    /// <summary>Makes the image and fills about a third of it with files of the .NET runtime. Null if there is no mke2fs.</summary>
    /// <returns>How many files it holds.</returns>
    public static async Task<int?> TryMakeAsync(string path, long length, string scratch, CancellationToken cancellationToken)
    {
        if (Find("mke2fs") is not { } mke2fs)
        {
            return null;
        }

        var content = Path.Combine(scratch, "content");
        var files = CopyFiles(content, length / 3);
        await using (var image = new FileStream(path, FileMode.CreateNew))
        {
            image.SetLength(length);
        }

        await RunAsync(mke2fs, ["-q", "-F", "-t", "ext4", "-d", content, path], cancellationToken);
        Directory.Delete(content, recursive: true);
        return files;
    }

    /// <summary>Writes a file into the image. False if there is no debugfs.</summary>
    public static async Task<bool> TryWriteAsync(string image, string source, string name, CancellationToken cancellationToken)
    {
        if (Find("debugfs") is not { } debugfs)
        {
            return false;
        }

        await RunAsync(debugfs, ["-w", "-R", $"write {source} {name}", image], cancellationToken);
        return true;
    }

    private static string? Find(string tool) => Places.Select(place => Path.Combine(place, tool)).FirstOrDefault(File.Exists);

    private static int CopyFiles(string target, long bytes)
    {
        Directory.CreateDirectory(target);
        var (files, left) = (0, bytes);
        foreach (var file in new DirectoryInfo(RuntimeEnvironment.GetRuntimeDirectory()).EnumerateFiles().OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            if (file.Length <= left)
            {
                file.CopyTo(Path.Combine(target, file.Name));
                left -= file.Length;
                files++;
            }
        }

        return files;
    }

    private static async Task RunAsync(string tool, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new StoryException($"'{tool}' cannot be started.");
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        if (process.ExitCode != 0)
        {
            throw new StoryException($"'{tool} {string.Join(' ', arguments)}' ended with {process.ExitCode}: {await errors}{await output}");
        }
    }
}
