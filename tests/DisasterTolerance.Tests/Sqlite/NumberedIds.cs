namespace DisasterTolerance.Tests.Sqlite;

/// <summary>Uuids that count up.</summary>
internal sealed class NumberedIds : IIdSource
{
    private int _last;

    public Guid NewId() => new(0x44544354, 0, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, (byte)Interlocked.Increment(ref _last));
}
