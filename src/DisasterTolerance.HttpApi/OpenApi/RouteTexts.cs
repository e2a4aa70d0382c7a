namespace DisasterTolerance.HttpApi.OpenApi;

/// <summary>What the document says of a route beyond its bodies. Immutable.</summary>
/// <param name="Tag">The group that the route is shown in.</param>
/// <param name="Name">The path below the prefix.</param>
/// <param name="English">What it does, in a few words.</param>
/// <param name="Chinese">The same in Chinese.</param>
internal sealed record RouteText(string Tag, string Name, string English, string Chinese)
{
    /// <summary>What a caller should know besides; empty for nothing.</summary>
    public string Details { get; init; } = "";

    /// <summary>What <c>uuid</c> in the query names, as an alternative to the body; empty if the route takes none.</summary>
    public string QueryUuid { get; init; } = "";

    /// <summary>Whether the site to answer for is named in the query.</summary>
    public bool TakesClusterInQuery { get; init; }

    /// <summary>Whether <c>Prefer: respond-async</c> makes it answer as soon as the work is accepted.</summary>
    public bool CanRespondEarly { get; init; }
}

/// <summary>The texts of all routes and their groups, in the order of the document.</summary>
internal static class RouteTexts
{
    private const string Plans = "plans";
    private const string Points = "recovery points";
    private const string Machines = "machines";
    private const string Links = "links";

    private const string ForTheSiteNamed =
        "Answers for the site in cluster_uuid, from what that site told last while it does not answer; desc then says since when.";

    private const string PerMachine =
        "Answers when the work is done. A machine that fails does not fail the request: its result has an scode and a desc of its own, and fail counts it. A client that goes away stops nothing.";

    /// <summary>The groups: name, English, Chinese.</summary>
    public static IReadOnlyList<(string Name, string English, string Chinese)> Tags { get; } =
    [
        (Plans, "Which machines are protected, how often, and how long points are kept", "容灾计划"),
        (Points, "What the stores of both sites hold, and recovery from it", "备份数据与恢复"),
        (Machines, "State, runs and confirmations of protected machines", "容灾对象的状态、备份执行与迁移确认"),
        (Links, "Links between two sites", "容灾链路"),
    ];

    public static IReadOnlyList<RouteText> All { get; } =
    [
        new(Plans, "add", "Add a plan", "添加异地容灾计划")
        {
            Details = "Exactly one of recover_point_reserve_duration and recover_point_reserve_count has to be positive. What the plan's author should know, such as an unknown storage_medium, stands in desc.",
        },
        new(Plans, "get", "Get one plan", "获取异地容灾计划") { QueryUuid = "Uuid of the plan" },
        new(Plans, "delete", "Delete a plan", "删除异地容灾计划") { QueryUuid = "Uuid of the plan" },
        new(Plans, "list", "List plans", "异地容灾计划列表") { Details = ForTheSiteNamed + " Newest first." },
        new(Plans, "edit", "Edit a plan", "异地容灾计划编辑")
        {
            Details = "What is absent, null, 0 or empty stays as it is. The object that get answers may be sent back: members that cannot be edited are ignored.",
            QueryUuid = "Uuid of the plan",
        },
        new(Points, "mastercluster/backup/list", "List what the master sites' stores hold, machine by machine", "容灾对象主站点数据列表") { Details = ForTheSiteNamed },
        new(Points, "slavecluster/backup/list", "List what the slave sites' stores hold, machine by machine", "容灾对象备站点数据列表") { Details = ForTheSiteNamed },
        new(Points, "mastercluster/backup/recovery", "Recover machines at their master site", "容灾主站点备份数据恢复")
        {
            Details = "Done by the plan's master site, whichever site is asked. " + PerMachine,
            CanRespondEarly = true,
        },
        new(Points, "slavecluster/backup/recovery", "Recover machines at their slave site", "容灾备站点备份数据恢复")
        {
            Details = "Done by the plan's slave site, whichever site is asked; asked there, it needs nothing from the other site. " + PerMachine,
            CanRespondEarly = true,
        },
        new(Machines, "state", "List the state of protected machines", "容灾状态数据列表") { Details = ForTheSiteNamed },
        new(Points, "vm/backup/list", "List the recovery points of a machine", "容灾虚拟机备份数据列表")
        {
            Details = "The machine's master-side uuid lists the master's store, its slave-side uuid the slave's, and the protected object's own uuid that of the site that answers. Newest first.",
        },
        new(Links, "link/add", "Add a link", "容灾链路添加")
        {
            Details = "The other site has to be configured as a peer of this one. Answers with that link alone; its status is false until the other site answers.",
        },
        new(Links, "link/delete", "Delete a link", "容灾链路删除") { Details = "Refused with 409 while plans use it. sides is null in the answer.", QueryUuid = "Uuid of the link" },
        new(Links, "link/list", "List links", "容灾链路列表") { TakesClusterInQuery = true },
        new(Links, "link/checking", "Check whether a site reaches the other one", "容灾链路检测")
        {
            Details = "The named site dials each host on the link's port, within 5 seconds for all of them. Only hosts that are configured for the other side are dialled, and every kind of failure gives the same answer.",
            QueryUuid = "Uuid of the link",
        },
        new(Links, "link/edit", "Change a link's transport limit", "容灾链路编辑") { Details = "Answers with that link alone.", QueryUuid = "Uuid of the link" },
        new(Machines, "backup/execute", "Capture and ship now, or migrate", "容灾虚拟机执行备份")
        {
            Details = "Done by the site that runs the machine. With destination_activate the machine then moves to the other site and waits for vm/confirm. " + PerMachine,
            CanRespondEarly = true,
        },
        new(Machines, "vm/confirm", "Confirm migrations and failovers", "容灾虚拟机确认迁移")
        {
            Details = "Protection runs the other way from then on. Of the members of a machine only plan_uuid, vm_uuid and vm_name matter. " + PerMachine,
            CanRespondEarly = true,
        },
    ];

    private static readonly Dictionary<string, int> Places = All.Index().ToDictionary(route => route.Item.Name, route => route.Index, StringComparer.Ordinal);

    public static RouteText Of(string name) => All[PlaceOf(name)];

    /// <summary>Where a route stands among all of them.</summary>
    /// <exception cref="InvalidOperationException">Nobody described the route.</exception>
    public static int PlaceOf(string name) => Places.TryGetValue(name, out var place) ? place : throw new InvalidOperationException($"Route '{name}' has no text in {nameof(RouteTexts)}.");
}
