using System.Net;

namespace DisasterTolerance.SiteHost.Access;

/// <summary>From where a right key came within the last hour. Not thread-safe.</summary>
internal sealed class KnownCallers(TimeProvider time)
{
    private const int Most = 1_000;
    private static readonly TimeSpan Remembered = TimeSpan.FromHours(1);

    private readonly Dictionary<IPAddress, long> _lastSeen = [];

    public bool Contains(IPAddress caller) => _lastSeen.TryGetValue(caller, out var seen) && time.GetElapsedTime(seen) < Remembered;

    public void Add(IPAddress caller)
    {
        if (_lastSeen.Count >= Most && !_lastSeen.ContainsKey(caller))
        {
            _lastSeen.Remove(_lastSeen.MinBy(one => one.Value).Key);
        }

        _lastSeen[caller] = time.GetTimestamp();
    }
}
