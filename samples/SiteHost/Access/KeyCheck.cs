using System.Net;

namespace DisasterTolerance.SiteHost.Access;

/// <summary>What became of a key that somebody showed.</summary>
/// <param name="Kind">What it allows; null if it was refused.</param>
/// <param name="RetryAfter">How long to wait before the next try; null if the next one may come now.</param>
internal readonly record struct KeyVerdict(KeyKind? Kind, TimeSpan? RetryAfter);

/// <summary>
/// Judges keys so that a guesser is slowed and cannot lock the operator out. A caller without a try left is refused without a look at the key: an answer would be one more guess. From where a
/// right key came lately, it is always taken, whatever else comes from there. Thread-safe.
/// </summary>
internal sealed class KeyCheck(ApiKeys keys, GuessAllowance allowance, TimeProvider time)
{
    private readonly KnownCallers _known = new(time);

    // One at a time: a client that begins with many requests at once is known from its first one on.
    private readonly Lock _gate = new();

    public KeyVerdict Judge(string key, IPAddress? remote)
    {
        var caller = GuessAllowance.CallerOf(remote);
        lock (_gate)
        {
            var isKnown = _known.Contains(caller);
            if (!isKnown && allowance.Take(caller) is { } wait)
            {
                return new KeyVerdict(null, wait);
            }

            if (keys.Find(key) is { } kind)
            {
                _known.Add(caller);
                return new KeyVerdict(kind, null);
            }

            return new KeyVerdict(null, isKnown ? allowance.Take(caller) : null);
        }
    }
}
