using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Links;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Tests.Links;

public sealed class FactsRulesTests
{
    private static readonly Guid Here = Guid.NewGuid();
    private static readonly Guid There = Guid.NewGuid();
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    private static readonly PlanRow Plan = new()
    {
        Uuid = Guid.NewGuid(), Name = "p", Master = There, Slave = Here, Rpo = TimeSpan.FromHours(1), Interval = TimeSpan.FromMinutes(1), Retention = RetentionPolicy.Keep(3), Type = "hci",
        Created = Now, Modified = Now,
    };

    private static readonly MachineRow Row = new()
    {
        Uuid = Guid.NewGuid(), Plan = Plan.Uuid, Name = "vm", MasterUuid = Guid.NewGuid(), SlaveUuid = Guid.NewGuid(), Created = Now, Ownership = new Ownership(1, There, Now), FactsVersion = 9,
    };

    private static readonly PointRow Point = new()
    {
        Uuid = Guid.NewGuid(), Site = There, Machine = Row.Uuid, Name = "DT-1", Began = Now, Committed = Now, Origin = There, Epoch = 1, Sequence = 1, Manifest = ContentHash.Of([1]),
        Consistency = SnapshotConsistency.Crash, FactsVersion = 9,
    };

    public static TheoryData<string> BadRows => [.. Rows.Keys];

    public static TheoryData<string> BadPoints => [.. Points.Keys];

    public static TheoryData<string> BadPlans => [.. Plans.Keys];

    private static readonly Dictionary<string, Func<MachineRow, MachineRow>> Rows = new()
    {
        ["other object"] = row => row with { Uuid = Guid.NewGuid() },
        ["other plan"] = row => row with { Plan = Guid.NewGuid() },
        ["other slave uuid"] = row => row with { SlaveUuid = Guid.NewGuid() },
        ["owner of elsewhere"] = row => row with { Ownership = new Ownership(2, Guid.NewGuid(), Now) },
        ["epoch without end"] = row => row with { Ownership = new Ownership(long.MaxValue, There, Now) },
        ["epoch zero"] = row => row with { Ownership = new Ownership(0, There, Now) },
        ["yielded to elsewhere"] = row => row with { Ownership = new Ownership(2, There, Now, Guid.NewGuid()) },
        ["yielded to itself"] = row => row with { Ownership = new Ownership(2, There, Now, There) },
        ["procedure"] = row => row with { Procedure = (Procedure)99 },
        ["sequence that would overflow"] = row => row with { LastSequence = long.MaxValue },
        ["facts version that would overflow"] = row => row with { FactsVersion = long.MaxValue },
        ["chunk size"] = row => row with { ChunkSize = 1 << 30, FanOut = 64 },
        ["fan-out"] = row => row with { ChunkSize = 65536, FanOut = 63 },
        ["endless error"] = row => row with { LastError = new string('x', 1 << 20) },
        ["negative holding"] = row => row with { Own = row.Own with { Bytes = -1 } },
        ["power"] = row => row with { Guest = GuestFacts.None with { Power = (PowerState)7 } },
        ["missing address"] = row => row with { Guest = GuestFacts.None with { Ips = [null!] } },
        ["missing fork"] = row => row with { Forks = [null!] },
        ["negative fork"] = row => row with { Forks = [new BranchFork(1, null, -1, 0)] },
        ["takeover from elsewhere"] = row => row with { Takeover = new Takeover(TakeoverKind.Failover, Guid.NewGuid(), Guid.NewGuid(), Now) },
        ["conflict of elsewhere"] = row => row with { Conflict = new OwnershipConflict(new Ownership(2, Guid.NewGuid(), Now), new Ownership(2, Here, Now), Now, "") },
        ["unknown pending work"] = row => row with { Pending = new PendingWork(Guid.NewGuid(), (WorkKind)77, "", null, "", false, Now, "") },
    };

    private static readonly Dictionary<string, Func<PointRow, PointRow>> Points = new()
    {
        ["this site's store"] = point => point with { Site = Here },
        ["other machine"] = point => point with { Machine = Guid.NewGuid() },
        ["no uuid"] = point => point with { Uuid = Guid.Empty },
        ["no name"] = point => point with { Name = "" },
        ["long name"] = point => point with { Name = new string('x', 65) },
        ["line break"] = point => point with { Name = "DT\n1" },
        ["origin of elsewhere"] = point => point with { Origin = Guid.NewGuid() },
        ["sequence"] = point => point with { Sequence = long.MaxValue },
        ["epoch"] = point => point with { Epoch = -1 },
        ["version of the future"] = point => point with { FactsVersion = 10 },
        ["kind"] = point => point with { Kind = (PointKind)9 },
        ["consistency"] = point => point with { Consistency = (SnapshotConsistency)99 },
        ["negative size"] = point => point with { DiskBytes = -1 },
        ["endless damage"] = point => point with { Damage = new string('x', 1 << 16) },
    };

    private static readonly Dictionary<string, Func<PlanContent, PlanContent>> Plans = new()
    {
        ["other plan"] = content => content with { Plan = Plan with { Uuid = Guid.NewGuid() } },
        ["other sites"] = content => content with { Plan = Plan with { Master = Guid.NewGuid() } },
        ["same site twice"] = content => content with { Plan = Plan with { Master = Here } },
        ["no retention"] = content => content with { Plan = Plan with { Retention = new RetentionPolicy(null, null) } },
        ["two retentions"] = content => content with { Plan = Plan with { Retention = new RetentionPolicy(1, TimeSpan.FromDays(1)) } },
        ["negative retention"] = content => content with { Plan = Plan with { Retention = RetentionPolicy.Keep(-1) } },
        ["interval longer than the RPO"] = content => content with { Plan = Plan with { Interval = TimeSpan.FromDays(1) } },
        ["revision without end"] = content => content with { Plan = Plan with { Revision = long.MaxValue } },
        ["no name"] = content => content with { Plan = Plan with { Name = "" } },
        ["missing machine"] = content => content with { Machines = [null!] },
        ["machine without uuid"] = content => content with { Machines = [MachineIdentity.Of(Row with { SlaveUuid = Guid.Empty })] },
        ["machine owned elsewhere"] = content => content with { Machines = [MachineIdentity.Of(Row with { Ownership = new Ownership(1, Guid.NewGuid(), Now) })] },
        ["machine twice"] = content => content with { Machines = [MachineIdentity.Of(Row), MachineIdentity.Of(Row with { Uuid = Guid.NewGuid() })] },
    };

    [Fact]
    public void Check_GoodFacts_AreTaken() => Assert.Null(FactsRules.Check(new MachineFacts(Guid.NewGuid(), true, Row, [Point], 1), Row, Plan, There));

    [Fact]
    public void Check_GoodPlan_IsTaken() => Assert.Null(Judge(new PlanContent(Plan, [MachineIdentity.Of(Row)], 1)));

    [Theory]
    [MemberData(nameof(BadRows))]
    public void Check_BadRow_IsRefused(string name) => Assert.NotNull(FactsRules.Check(new MachineFacts(Guid.NewGuid(), true, Rows[name](Row), [], 0), Row, Plan, There));

    [Theory]
    [MemberData(nameof(BadPoints))]
    public void Check_BadPoint_IsRefused(string name) => Assert.NotNull(FactsRules.Check(new MachineFacts(Guid.NewGuid(), true, Row, [Point, Points[name](Point)], 2), Row, Plan, There));

    [Theory]
    [MemberData(nameof(BadPlans))]
    public void Check_BadPlan_IsRefused(string name) => Assert.NotNull(Judge(Plans[name](new PlanContent(Plan, [MachineIdentity.Of(Row)], 1))));

    private static string? Judge(PlanContent content) => FactsRules.Check(content, Plan.Uuid, Here, There, new PlanLimits());
}
