using System.Globalization;

namespace DisasterTolerance.Compare.Measuring;

/// <summary>The loopback interface's own counter, in the network namespace of this process.</summary>
internal static class LoopbackCounter
{
    private const int Sent = 8;

    public static long SentBytes()
    {
        var line = File.ReadLines("/proc/net/dev").First(line => line.TrimStart().StartsWith("lo:", StringComparison.Ordinal));
        return long.Parse(line.Split([':', ' '], StringSplitOptions.RemoveEmptyEntries)[1 + Sent], CultureInfo.InvariantCulture);
    }
}
