using System.Diagnostics;
using System.Globalization;

namespace DisasterTolerance.Qemu.Tests.Scenarios;

/// <summary>What a guest wrote to its serial port since its last start.</summary>
internal sealed class GuestConsole(string path)
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(2);

    /// <summary>The lines of the guest, without the leading word.</summary>
    public IReadOnlyList<string> Said
    {
        get
        {
            if (!File.Exists(path))
            {
                return [];
            }

            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var text = new StreamReader(file);
            var all = text.ReadToEnd();

            // The last line may be only half there.
            return [.. all[..(all.LastIndexOf('\n') + 1)].Split('\n').Where(line => line.StartsWith("GUEST ", StringComparison.Ordinal)).Select(line => line["GUEST ".Length..].TrimEnd())];
        }
    }

    /// <summary>The number of the last file that is durable in the guest; -1 without one.</summary>
    public int LastWritten => Said.Where(line => line.StartsWith("wrote ", StringComparison.Ordinal)).Select(line => int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture)).LastOrDefault(-1);

    /// <summary>Waits for a line that begins with these words.</summary>
    public async Task<string> SaysAsync(string words)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Said.FirstOrDefault(line => line.StartsWith(words, StringComparison.Ordinal)) is { } found)
            {
                return found;
            }

            Assert.True(Stopwatch.GetElapsedTime(began) < HangLimit, $"No '{words}' in time. The guest said: {string.Join('\n', Said.TakeLast(30))}");
            await Task.Delay(50);
        }
    }

    /// <summary>Waits until the guest has written some more files.</summary>
    public async Task WritesAsync(int more)
    {
        await SaysAsync("wrote ");
        await SaysAsync($"wrote {LastWritten + more} ");
    }

    /// <summary>The figures of a line such as <c>VERIFY ok=1 bad=0</c>.</summary>
    public async Task<Dictionary<string, long>> FiguresAsync(string words) => (await SaysAsync(words)).Split(' ').Where(part => part.Contains('=', StringComparison.Ordinal))
        .ToDictionary(part => part.Split('=')[0], part => long.Parse(part.Split('=')[1], CultureInfo.InvariantCulture));
}
