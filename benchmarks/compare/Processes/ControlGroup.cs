using System.Globalization;

namespace DisasterTolerance.Compare.Processes;

/// <summary>A control group of the kernel, version 1 (cpuacct) or 2, which counts the processor time of every process that was ever in it, however short it lived.</summary>
internal sealed class ControlGroup : IDisposable
{
    private const string Root = "/sys/fs/cgroup";

    private readonly string _folder;
    private readonly bool _isSecond;

    private ControlGroup(string folder, bool isSecond) => (_folder, _isSecond) = (folder, isSecond);

    public double ProcessorSeconds => _isSecond
        ? Number(File.ReadLines(Path.Combine(_folder, "cpu.stat")).First(line => line.StartsWith("usage_usec ", StringComparison.Ordinal))[11..]) / 1e6
        : Number(File.ReadAllText(Path.Combine(_folder, "cpuacct.usage"))) / 1e9;

    public IEnumerable<int> Processes => File.ReadLines(Path.Combine(_folder, "cgroup.procs")).Select(line => int.Parse(line, CultureInfo.InvariantCulture));

    /// <summary>Makes a group, or says why there is none.</summary>
    public static ControlGroup? TryCreate(string name, out string why)
    {
        why = "";
        try
        {
            var memberships = File.ReadAllLines("/proc/self/cgroup").Select(line => line.Split(':', 3)).ToArray();
            var first = memberships.FirstOrDefault(part => part[1].Split(',').Contains("cpuacct"));
            var parent = first is not null
                ? Path.Combine(Directory.Exists($"{Root}/cpuacct") ? $"{Root}/cpuacct" : $"{Root}/{first[1]}", first[2].TrimStart('/'))
                : Path.Combine(Root, memberships.First(part => part[0] == "0")[2].TrimStart('/'));
            var folder = Directory.CreateDirectory(Path.Combine(parent, name)).FullName;
            using (File.Open(Path.Combine(folder, "cgroup.procs"), FileMode.Open, FileAccess.Write))
            {
            }

            var group = new ControlGroup(folder, first is null);
            _ = group.ProcessorSeconds;
            return group;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            why = error.Message;
            return null;
        }
    }

    /// <summary>The command that joins the group before it becomes the given one.</summary>
    public (string Program, IReadOnlyList<string> Arguments) Wrap(Command command) =>
        ("/bin/sh", ["-c", "echo $$ > \"$0\" && exec \"$@\"", Path.Combine(_folder, "cgroup.procs"), command.Program, .. command.Arguments]);

    public void Dispose()
    {
        // A process that has just ended may still be listed for a moment.
        for (var attempt = 0; attempt < 50 && Directory.Exists(_folder); attempt++)
        {
            try
            {
                Directory.Delete(_folder);
            }
            catch (IOException)
            {
                Thread.Sleep(20);
            }
        }
    }

    private static double Number(string text) => double.Parse(text.Trim(), CultureInfo.InvariantCulture);
}
