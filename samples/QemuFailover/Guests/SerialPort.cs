using System.Diagnostics;
using System.Globalization;
using DisasterTolerance.QuickStart;

namespace DisasterTolerance.QemuFailover.Guests;

/// <summary>What a guest says on its serial port, which QEMU writes to a file.</summary>
internal sealed class SerialPort(string path)
{
    private const string Mark = "GUEST ";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private int _shown;

    /// <summary>The number of the last file that the guest called durable; -1 before the first.</summary>
    public int LastWritten => Lines().Where(IsFile).Select(line => int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)).LastOrDefault(-1);

    /// <summary>Waits for a line that begins with these words, and shows what is said meanwhile.</summary>
    public Task<string> WaitForAsync(string words, CancellationToken cancellationToken) =>
        FindAsync($"'{words}'", lines => lines.Find(line => line.StartsWith(words, StringComparison.Ordinal)), cancellationToken);

    /// <summary>Waits until the guest wrote so many more files.</summary>
    public Task WaitForFilesAsync(int count, CancellationToken cancellationToken)
    {
        var before = Lines().Count(IsFile);
        return FindAsync($"that it wrote {count} more files", lines => lines.Where(IsFile).ElementAtOrDefault(before + count - 1), cancellationToken);
    }

    /// <summary>Forgets what an earlier life of the machine said here.</summary>
    public void Forget()
    {
        File.Delete(path);
        _shown = 0;
    }

    /// <summary>A number of a line such as <c>VERIFY ok=3 bad=0 last=2</c>.</summary>
    public static int Number(string line, string name) =>
        int.Parse(line.Split(' ').First(word => word.StartsWith(name + "=", StringComparison.Ordinal)).Split('=')[1], CultureInfo.InvariantCulture);

    private static bool IsFile(string line) => line.StartsWith("wrote ", StringComparison.Ordinal);

    private async Task<string> FindAsync(string what, Func<List<string>, string?> find, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var lines = Lines();
            Show(lines);
            if (find(lines) is { } found)
            {
                return found;
            }

            if (Stopwatch.GetElapsedTime(started) > Patience)
            {
                throw new StoryException($"The guest did not say {what} within {Patience.TotalSeconds:F0} s; see {path}");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    // Hundreds of files and signs of life would hide the rest.
    private void Show(List<string> lines)
    {
        foreach (var line in lines.Skip(_shown).Where(line => !IsFile(line) && !line.StartsWith("alive ", StringComparison.Ordinal)))
        {
            Console.WriteLine($"      serial| {Mark}{line}");
        }

        _shown = lines.Count;
    }

    private List<string> Lines()
    {
        if (!File.Exists(path))
        {
            return [];
        }

        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        List<string> lines = [];
        var text = reader.ReadToEnd();

        // The last line may still be written.
        foreach (var line in text[..(text.LastIndexOf('\n') + 1)].Split('\n'))
        {
            if (line.StartsWith(Mark, StringComparison.Ordinal))
            {
                lines.Add(line[Mark.Length..].TrimEnd());
            }
        }

        return lines;
    }
}
