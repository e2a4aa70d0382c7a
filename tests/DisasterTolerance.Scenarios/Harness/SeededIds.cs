namespace DisasterTolerance.Scenarios.Harness;

/// <summary>Uuids from a seed. Thread-safe.</summary>
internal sealed class SeededIds(int seed) : IIdSource
{
    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);

    public Guid NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (_gate)
        {
            _random.NextBytes(bytes);
        }

        return new Guid(bytes);
    }
}
