using System.Globalization;

namespace DisasterTolerance.Compare.Processes;

/// <summary>What the kernel tells of processes in /proc. Processes that end meanwhile count as nothing.</summary>
internal static class ProcessTable
{
    /// <summary>All processes below this one.</summary>
    public static IReadOnlyList<int> Descendants()
    {
        var children = Directory.EnumerateDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), out var process) ? process : 0)
            .Where(process => process > 0)
            .Select(process => (Process: process, Parent: (int)(Fields(process)?[1] ?? 0)))
            .ToLookup(entry => entry.Parent, entry => entry.Process);
        List<int> found = [.. children[Environment.ProcessId]];
        for (var at = 0; at < found.Count; at++)
        {
            found.AddRange(children[found[at]]);
        }

        return found;
    }

    /// <summary>Processor time of a process and of its children that have ended.</summary>
    public static double ProcessorSeconds(int process) => Fields(process) is { } fields ? fields[11..15].Sum() / 100.0 : 0;

    /// <summary>Processor time of this process's children that have ended, with what they waited for.</summary>
    public static double EndedChildrenSeconds() => Fields(Environment.ProcessId) is { } fields ? fields[13..15].Sum() / 100.0 : 0;

    /// <summary>Memory of a process that is its own, without files that it has mapped.</summary>
    public static long PrivateBytes(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.AsSpan(8, line.Length - 10).Trim(), CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    // From the state on, which is field 3; the name before it may hold anything. Index 1 is the parent, 11 to 14 are the times.
    private static long[]? Fields(int process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            return [0, .. text[(text.LastIndexOf(')') + 2)..].Split(' ').Skip(1).Take(16).Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
