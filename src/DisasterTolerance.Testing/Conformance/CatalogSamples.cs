using System.Security.Cryptography;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Rows for the cases: each member has a value that is not its default, so that none can be lost unseen.</summary>
internal static class CatalogSamples
{
    public static Guid SiteA { get; } = Id(1001);

    public static Guid SiteB { get; } = Id(1002);

    public static Guid SiteC { get; } = Id(1003);

    /// <summary>A uuid with all its bits in play, so that an order by the wrong bytes shows.</summary>
    public static Guid Id(int number) => new(SHA256.HashData(BitConverter.GetBytes(number)).AsSpan(0, 16));

    /// <summary>A time with an offset and with digits below the millisecond.</summary>
    public static DateTimeOffset Time(int minutes) => new DateTimeOffset(2026, 2, 3, 4, 5, 6, 789, TimeSpan.FromHours(8)).AddTicks(1234).AddMinutes(minutes);

    public static ContentHash Hash(int number) => ContentHash.Of(BitConverter.GetBytes(number));

    public static PlanRow Plan(int number) => new()
    {
        Uuid = Id(number),
        Name = $"Plan {number} 计划 \"Ä\"",
        Master = SiteA,
        Slave = SiteB,
        Rpo = TimeSpan.FromHours(4),
        Interval = new TimeSpan(0, 1, 2, 3, 456),
        Retention = number % 2 == 0 ? RetentionPolicy.Keep(7) : RetentionPolicy.KeepFor(TimeSpan.FromDays(30)),
        Compression = false,
        Enabled = false,
        Type = "hci",
        StorageMedium = "vault",
        DatacenterReference = "dc",
        HostReference = "host",
        VmPathName = "[ds] path",
        RevisionEpoch = 2,
        Revision = 5,
        Created = Time(number),
        Modified = Time(number + 1),
        DisabledBecause = "because",
    };

    public static MachineRow Machine(int number, Guid plan) => new()
    {
        Uuid = Id(number),
        Plan = plan,
        Name = $"Machine {number} 虚拟机",
        MasterUuid = Id(number + 100_000),
        SlaveUuid = Id(number + 200_000),
        Priority = RecoveryPriority.Low,
        HostUuid = "host",
        Path = "path",
        OvaPath = "ova",
        Tenant = "tenant",
        SnapshotName = "snapshot",
        Created = Time(number),
        Ownership = new Ownership(3, SiteA, Time(1), SiteB),
        Forks = [new BranchFork(1, null, 0, 4), new BranchFork(2, Id(77), 8, 9)],
        Procedure = Procedure.AwaitingConfirmation,
        ProcedureSince = Time(2),
        Takeover = new Takeover(TakeoverKind.Failover, SiteB, Id(78), Time(3)),
        Conflict = new OwnershipConflict(new Ownership(3, SiteA, Time(4)), new Ownership(3, SiteB, Time(5)), Time(6), "both ran"),
        Pending = new PendingWork(Id(79), WorkKind.Yield, "residual", Id(80), "host", true, Time(7), "operator") { FromExports = true },
        Boot = new BootState(Id(81), Id(82), Time(11), BootStage.Pulling, 1L << 41, 1L << 40, "the hypervisor was asked in vain"),
        DistrustedTracker = new TrackerDistrust(Time(8), "disk 'vda': missed a change – 磁盘"),
        Paused = true,
        ChunkSize = 65536,
        FanOut = 256,
        LastSequence = 42,
        NextRun = Time(8),
        LastRunStarted = Time(9),
        LastRunDuration = TimeSpan.FromSeconds(90.5),
        LastError = "none of the disks answered",
        DeltaBytes = 1L << 40,
        Guest = new GuestFacts("guest", PowerState.On, ["10.0.0.1", "fe80::1"], "group", "/group", "zone", true, Time(10)),
        Own = new HoldingFacts(1, 2, "DT-1", Time(11), Time(12), Time(13)),
        Peer = new HoldingFacts(3, 4, "DT-2", Time(14), Time(15), Time(16)),
        FactsVersion = 17,
        PeerFactsVersion = 18,
        PeerCatalog = Id(81),
    };

    public static PointRow Point(int number, Guid machine, Guid site) => new()
    {
        Uuid = Id(number),
        Site = site,
        Machine = machine,
        Name = $"DT-{1_700_000_000 + number}",
        Began = Time(number),
        Committed = Time(number + 1),
        Origin = SiteA,
        Epoch = 3,
        Sequence = number,
        Parent = Id(number + 500_000),
        Manifest = Hash(number),
        Kind = PointKind.Residual,
        Consistency = SnapshotConsistency.Application,
        Pinned = true,
        Damage = "chunk 5",
        DiskBytes = 5L << 30,
        AddedBytes = 12345,
        ChangeTokens = new Dictionary<string, string> { ["disk0"] = "token \u0001 ü" },
        GraceUntil = Time(number + 2),
        FactsVersion = number,
    };

    public static LinkRow Link(int number) => new()
    {
        Uuid = Id(number),
        SideA = SiteA,
        SideAName = "east 东",
        SideB = SiteB,
        SideBName = "west",
        Relation = ["west", "east 东"],
        LimitBytesPerSecond = 1 << 20,
        Created = Time(number),
        Modified = Time(number + 1),
        Deleted = Time(number + 2),
    };

    public static SessionRow Session(int number) => new()
    {
        Uuid = Id(number),
        Sender = SiteA,
        Machine = Id(number + 1),
        Point = Id(number + 2),
        Manifest = Hash(number),
        Base = Id(number + 3),
        ChunkSize = 65536,
        FanOut = 256,
        Disks = [new SessionDisk("disk0", 12, Hash(number + 1), 3), new SessionDisk("disk1", 0, ContentHash.Zero, 1)],
        Started = Time(number),
        Expires = Time(number + 10_000),
    };

    public static RunRow Run(int number, Guid machine) => new()
    {
        Uuid = Id(number),
        Machine = machine,
        Kind = "migrate",
        Started = Time(number),
        Ended = Time(number + 1),
        Outcome = ErrorCode.LinkLost,
        Error = "the link was cut",
        Report = "{\"bytes\":12}",
        ConsolePicture = new byte[] { 0x89, 0x50, 0x4E, 0x47, (byte)number },
    };

    public static AuditEntry Audit(int number) => new(0, Time(number), $"actor {number}", "plan.edit", Id(number).ToString(), ErrorCode.Conflict, "détail 细节", "");
}
