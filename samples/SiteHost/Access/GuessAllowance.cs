using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;

namespace DisasterTolerance.SiteHost.Access;

/// <summary>How many keys a caller may try: ten, then one in six seconds. Counted per IPv4 address and per IPv6 network of /64, because whoever has one address there has all. Thread-safe.</summary>
internal sealed class GuessAllowance : IDisposable
{
    private const int AtOnce = 10;
    private const int NetworkBytes = 8;
    private static readonly TimeSpan OneMoreEach = TimeSpan.FromSeconds(6);

    // Forgets callers whose allowance is whole again.
    private readonly PartitionedRateLimiter<IPAddress> _limiter = PartitionedRateLimiter.Create<IPAddress, IPAddress>(caller =>
        RateLimitPartition.GetTokenBucketLimiter(caller, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = AtOnce,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = OneMoreEach,
        }));

    /// <summary>What callers are counted by.</summary>
    public static IPAddress CallerOf(IPAddress? remote)
    {
        var address = (remote ?? IPAddress.None).Plain();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(NetworkBytes).Clear();
        return new IPAddress(bytes);
    }

    /// <summary>Takes one try.</summary>
    /// <returns>Null, or how long to wait because none is left.</returns>
    public TimeSpan? Take(IPAddress caller)
    {
        using var lease = _limiter.AttemptAcquire(caller);
        return lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : OneMoreEach;
    }

    public void Dispose() => _limiter.Dispose();
}
