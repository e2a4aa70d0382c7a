namespace DisasterTolerance;

/// <summary>Random uuids: the source outside of tests.</summary>
internal sealed class RandomIdSource : IIdSource
{
#pragma warning disable RS0030 // The one place that may ask for a random uuid.
    public Guid NewId() => Guid.NewGuid();
#pragma warning restore RS0030
}
