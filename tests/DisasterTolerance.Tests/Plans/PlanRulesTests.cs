using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Tests.Plans;

public sealed class PlanRulesTests
{
    private static readonly PlanLimits Limits = new();

    private static readonly PlanSurroundings Surroundings = new()
    {
        KnownSites = new HashSet<Guid> { Rows.SiteA, Rows.SiteB },
        Types = new HashSet<string> { "hci" },
        ProtectedElsewhere = new Dictionary<Guid, string> { [Rows.Id(7, 7)] = "other" },
    };

    private static readonly PlanSpecification Valid = new()
    {
        Name = "plan1",
        Master = Rows.SiteA,
        Slave = Rows.SiteB,
        Rpo = TimeSpan.FromHours(2),
        Interval = TimeSpan.FromHours(1),
        ReserveCount = 5,
        Type = "hci",
        Machines = [new() { MasterUuid = Rows.Id(1, 1), Name = "vm1" }],
    };

    public static TheoryData<string, PlanSpecification> Wrong => new()
    {
        { "same site", Valid with { Slave = Rows.SiteA } },
        { "no master site", Valid with { Master = Guid.Empty } },
        { "no slave site", Valid with { Slave = Guid.Empty } },
        { "not configured here", Valid with { Slave = Rows.Id(9, 9) } },
        { "RPO is 00:00:00", Valid with { Rpo = TimeSpan.Zero } },
        { "RPO is -01:00:00", Valid with { Rpo = TimeSpan.FromHours(-1) } },
        { "RPO of", Valid with { Rpo = TimeSpan.FromDays(4_000) } },
        { "interval is 00:00:00", Valid with { Interval = TimeSpan.Zero } },
        { "interval is -", Valid with { Interval = TimeSpan.FromTicks(-1) } },
        { "shorter than", Valid with { Interval = TimeSpan.FromMilliseconds(1) } },
        { "longer than its RPO", Valid with { Interval = TimeSpan.FromHours(3) } },
        { "only one of the two", Valid with { ReserveDuration = TimeSpan.FromDays(1) } },
        { "give one of the two", Valid with { ReserveCount = null } },
        { "give one of the two", Valid with { ReserveCount = 0, ReserveDuration = TimeSpan.Zero } },
        { "keep is -1", Valid with { ReserveCount = -1 } },
        { "more than 100000", Valid with { ReserveCount = 100_001 } },
        { "keep points is -1.00:00:00", Valid with { ReserveCount = null, ReserveDuration = TimeSpan.FromDays(-1) } },
        { "keep points of", Valid with { ReserveCount = null, ReserveDuration = TimeSpan.FromDays(10_000) } },
        { "no name", Valid with { Name = " " } },
        { "257 characters", Valid with { Name = new('x', 257) } },
        { "control characters", Valid with { Name = "a\nb" } },
        { "no type", Valid with { Type = "" } },
        { "not a hypervisor of this site", Valid with { Type = "other" } },
        { "storage medium has control", Valid with { StorageMedium = "a\0" } },
        { "listed twice", Valid with { Machines = [.. Valid.Machines, .. Valid.Machines] } },
        { "protected by plan 'other'", Valid with { Machines = [new() { MasterUuid = Rows.Id(7, 7) }] } },
        { "no uuid", Valid with { Machines = [new() { MasterUuid = Guid.Empty, Name = "vm9" }] } },
        { "priority 7", Valid with { Machines = [new() { MasterUuid = Rows.Id(1, 1), Priority = (RecoveryPriority)7 }] } },
        { "name of machine", Valid with { Machines = [new() { MasterUuid = Rows.Id(1, 1), Name = new('x', 257) }] } },
        { "path of machine", Valid with { Machines = [new() { MasterUuid = Rows.Id(1, 1), Path = "a\tb" }] } },
        { "OVA path of machine", Valid with { Machines = [new() { MasterUuid = Rows.Id(1, 1), OvaPath = new('x', 2000) }] } },
        { "2001 machines", Valid with { Machines = [.. Enumerable.Range(1, 2001).Select(number => new MachineSpecification { MasterUuid = Rows.Id(1, number) })] } },
    };

    [Fact]
    public void Validate_GoodPlan_HasNoErrors()
    {
        Assert.Empty(Validate(Valid));
        Assert.Empty(Validate(Valid with { Machines = [], ReserveCount = null, ReserveDuration = TimeSpan.FromDays(3) }));
        Assert.Empty(Validate(Valid with { Interval = Valid.Rpo }));
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Validate_OneFault_OneSentence(string says, PlanSpecification specification)
    {
        var error = Assert.Single(Validate(specification));
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.True(error.EndsWith('.') && error.Contains(':', StringComparison.Ordinal) && !error.Any(char.IsControl), error);
    }

    [Fact]
    public void Validate_ManyFaults_AllAreListed()
    {
        var errors = Validate(Valid with { Name = "", Slave = Rows.SiteA, Rpo = TimeSpan.Zero, Interval = TimeSpan.Zero, ReserveCount = null, Type = "" });
        Assert.Equal(6, errors.Count);
    }

    [Fact]
    public void RetentionOf_ValidPlan_IsOneOfTheTwo()
    {
        Assert.Equal(RetentionPolicy.Keep(5), PlanRules.RetentionOf(Valid));
        Assert.Equal(RetentionPolicy.KeepFor(TimeSpan.FromDays(1)), PlanRules.RetentionOf(Valid with { ReserveCount = 0, ReserveDuration = TimeSpan.FromDays(1) }));
    }

    [Fact]
    public void Warnings_RunTooLongForRpo_NamesTheMachine()
    {
        MachineRow[] machines = [Rows.Machine(1) with { LastRunDuration = TimeSpan.FromMinutes(61) }, Rows.Machine(2) with { LastRunDuration = TimeSpan.FromMinutes(60) }];
        var warning = Assert.Single(PlanRules.Warnings(Rows.Plan(), machines, null));
        Assert.Equal(PlanWarningKind.RpoTooShort, warning.Kind);
        Assert.Contains("vm1", warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Warnings_NoMachinesAndUnknownStore_AreToldBoth() => Assert.Equal(
        [PlanWarningKind.NoMachines, PlanWarningKind.UnknownMedium],
        PlanRules.Warnings(Rows.Plan() with { StorageMedium = "tape" }, [], new HashSet<string>()).Select(warning => warning.Kind));

    private static IReadOnlyList<string> Validate(PlanSpecification specification) => PlanRules.Validate(specification, Limits, Surroundings);
}
