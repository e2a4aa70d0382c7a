using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Tests.HttpApi;

/// <summary>A plan, its machine and a link with the uuids and times of the API reference.</summary>
internal static class ApiFacts
{
    public static readonly Guid Plan = new("28215d7b-6e3e-487d-a7bc-11804b876dda");
    public static readonly Guid Machine = new("ec914c7f-f3c4-4c7d-9bbb-5cc4abea5080");
    public static readonly Guid MasterSide = new("d3514d6f-4b92-488e-8f33-6ae1ad7ce5ba");
    public static readonly Guid SlaveSide = new("b1603bf2-9777-40a5-8208-62cf5a2d4be7");
    public static readonly Guid Link = new("753ae07c-38e6-42b2-aa6b-8b57e47f3702");

    public static PlanView PlanView() => new(PlanRow(), [MachineRow()], []);

    public static MachineView MachineView() => new(MachineRow(), PlanRow(), RpoState.Met, true, null);

    public static PlanRow PlanRow() => new()
    {
        Uuid = Plan,
        Name = "计划1",
        Master = ApiHost.Master,
        Slave = ApiHost.Slave,
        Rpo = TimeSpan.FromSeconds(3600),
        Interval = TimeSpan.FromSeconds(1800),
        Retention = RetentionPolicy.KeepFor(TimeSpan.FromSeconds(2592000)),
        Type = "hci",
        StorageMedium = "HDD",
        Created = At(1584598413),
        Modified = At(1584598413),
    };

    public static MachineRow MachineRow() => new()
    {
        Uuid = Machine,
        Plan = Plan,
        Name = "",
        MasterUuid = MasterSide,
        SlaveUuid = SlaveSide,
        Created = At(1584598413),
        NextRun = At(1584600213),
        Ownership = new Ownership(1, ApiHost.Master, At(1584598413)),
        Guest = new GuestFacts("vm2", PowerState.On, null, "default", "", "", false, At(1584598413)),
    };

    public static PointRow Point(long began) => new()
    {
        Uuid = new Guid("74130b9b-7547-4a1f-82f0-2df7a7192d49"),
        Site = ApiHost.Master,
        Machine = Machine,
        Name = $"DT-{began}",
        Began = At(began),
        Committed = At(began + 1),
        Origin = ApiHost.Master,
        Epoch = 1,
        Sequence = 1,
        Manifest = default,
        Consistency = SnapshotConsistency.Crash,
    };

    public static LinkView LinkView(bool isUp) => new(
        new LinkRow
        {
            Uuid = Link,
            SideA = ApiHost.Master,
            SideAName = "cluster_name_213",
            SideB = ApiHost.Slave,
            SideBName = "cluster_name_212",
            Relation = ["cluster_name_213", "cluster_name_212"],
            Created = At(1584600413),
            Modified = At(1584600413),
        },
        isUp, At(1584600413), "", null, 0, 0);

    public static DateTimeOffset At(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds);
}
