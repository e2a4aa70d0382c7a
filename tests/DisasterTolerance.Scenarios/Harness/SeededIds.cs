namespace DisasterTolerance.Scenarios.Harness;

/// <summary>Uuids from a seed, after those that a test gave. Thread-safe.</summary>
internal sealed class SeededIds(int seed) : IIdSource
{
    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private readonly Queue<Guid> _given = new();

    /// <summary>Gives the next uuids; empty ones stand for any.</summary>
    public void Give(params ReadOnlySpan<Guid> uuids)
    {
        lock (_gate)
        {
            foreach (var uuid in uuids)
            {
                _given.Enqueue(uuid);
            }
        }
    }

    public Guid NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (_gate)
        {
            if (_given.TryDequeue(out var given) && given != Guid.Empty)
            {
                return given;
            }

            _random.NextBytes(bytes);
        }

        return new Guid(bytes);
    }
}
