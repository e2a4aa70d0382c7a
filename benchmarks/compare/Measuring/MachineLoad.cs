using System.Globalization;

namespace DisasterTolerance.Compare.Measuring;

/// <summary>What all cores together worked, whoever for.</summary>
internal static class MachineLoad
{
    private const double TicksPerSecond = 100;

    /// <summary>Processor seconds since the computer started, without idle time.</summary>
    public static double BusySeconds()
    {
        // user, nice, system, idle, iowait, irq, softirq, steal
        long[] fields = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
        return (fields.Sum() - fields[3] - fields[4]) / TicksPerSecond;
    }
}
