using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Tests;

/// <summary>Rows with sensible members, for tests that care about one or two of them.</summary>
internal static class Rows
{
    public static readonly Guid SiteA = new("aaaaaaaa-0000-0000-0000-000000000001");
    public static readonly Guid SiteB = new("bbbbbbbb-0000-0000-0000-000000000002");
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static PlanRow Plan() => new()
    {
        Uuid = new("cccccccc-0000-0000-0000-000000000001"),
        Name = "plan1",
        Master = SiteA,
        Slave = SiteB,
        Rpo = TimeSpan.FromHours(2),
        Interval = TimeSpan.FromHours(1),
        Retention = RetentionPolicy.Keep(3),
        Type = "hci",
        Created = Now,
        Modified = Now,
    };

    public static MachineRow Machine(int number = 1) => new()
    {
        Uuid = Id(0xd0, number),
        Plan = Plan().Uuid,
        Name = $"vm{number}",
        MasterUuid = Id(0xd1, number),
        SlaveUuid = Id(0xd2, number),
        Created = Now,
        Ownership = new(1, SiteA, Now),
    };

    /// <summary>A point: one per hour, its sequence being its age in hours since <see cref="Now"/>.</summary>
    public static PointRow Point(long sequence, long epoch = 1, Guid? site = null) => new()
    {
        Uuid = Id((int)epoch, (int)sequence),
        Site = site ?? SiteA,
        Machine = Machine().Uuid,
        Name = $"DT-{epoch}-{sequence}",
        Began = Now.AddHours(sequence),
        Committed = Now.AddHours(sequence).AddMinutes(1),
        Origin = SiteA,
        Epoch = epoch,
        Sequence = sequence,
        Manifest = default,
        Consistency = SnapshotConsistency.Crash,
    };

    public static Guid Id(int kind, int number) => new(kind, 0, 0, 0, 0, 0, 0, (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number);
}
