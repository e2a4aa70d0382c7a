using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Simulation.Episodes;

/// <summary>Follows every call over a contract of both sites: hashes them in order, lets them wait for random times, and counts what faults happened. One thread only.</summary>
internal sealed class CallTrace(VirtualClock clock, Random random, int slowPercent)
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly SortedDictionary<string, int> _fired = new(StringComparer.Ordinal);

    /// <summary>A file that gets every call as a line; null for none. For finding out why two runs of a seed differ.</summary>
    public StreamWriter? File { get; init; }

    public long Calls { get; private set; }

    /// <summary>Calls wait no more.</summary>
    public bool IsCalm { get; set; }

    public IReadOnlyDictionary<string, int> Fired => _fired;

    public void Follow(string site, FaultPlan plan, Action<string> tell)
    {
        plan.Latency = (operation, subject) =>
        {
            Calls++;
            var line = string.Create(CultureInfo.InvariantCulture, $"{clock.GetTimestamp()} {site} {operation} {subject}\n");
            _hash.AppendData(Encoding.UTF8.GetBytes(line));
            File?.Write(line);
            return IsCalm || random.Next(100) >= slowPercent ? TimeSpan.Zero : TimeSpan.FromMilliseconds(random.Next(1, random.Next(10) == 0 ? 20_000 : 500));
        };
        plan.Fired = (fault, operation, point) =>
        {
            var name = $"{fault.Kind} {point} {operation}";
            _fired[name] = _fired.GetValueOrDefault(name) + 1;
            tell($"    {site}: {fault.Kind} {(point == FaultPoint.Before ? "before" : point == FaultPoint.Inside ? "inside" : "after")} {operation}");
        };
    }

    public string Name() => Convert.ToHexStringLower(_hash.GetCurrentHash())[..16];
}
