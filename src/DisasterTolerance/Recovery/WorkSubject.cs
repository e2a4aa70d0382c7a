using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Recovery;

/// <summary>A machine that is worked on, as its row was when the work read it. Immutable.</summary>
/// <param name="Row">The machine.</param>
/// <param name="Plan">Its plan.</param>
/// <param name="Local">Its uuid at this site.</param>
/// <param name="Peer">The plan's other site.</param>
internal sealed record WorkSubject(MachineRow Row, PlanRow Plan, Guid Local, Guid Peer)
{
    public Guid Uuid => Row.Uuid;

    /// <summary>How messages name it.</summary>
    public string Label => MachineNames.Of(Row);

    /// <summary>The host that the plan names for a site; empty for any. A plan names one at the slave only.</summary>
    public string HostAt(Guid site) => site == Plan.Slave ? Row.HostUuid : "";

    /// <summary>Its uuid at the other site.</summary>
    public Guid Remote => Plan.Master == Peer ? Row.MasterUuid : Row.SlaveUuid;
}

/// <summary>The steps of <see cref="PendingWork"/>, by the names of the methods that they begin with. Stored in catalogs: never renamed.</summary>
internal static class WorkSteps
{
    /// <summary>Nothing was changed yet.</summary>
    public const string Begun = "begun";

    /// <summary>The machine is being shut down.</summary>
    public const string Stopping = "stopping";

    /// <summary>The last state is being captured.</summary>
    public const string Keeping = "keeping";

    /// <summary>The other site makes its machine ready.</summary>
    public const string Preparing = "preparing";

    /// <summary>Point of no return of a hand-over, at the site that gives.</summary>
    public const string Yielded = "yielded";

    /// <summary>Disks are being written; nothing else was changed.</summary>
    public const string Restoring = "restoring";

    /// <summary>As <see cref="Restoring"/>, of a failover that goes on although the owner reports the machine running.</summary>
    public const string Forcing = "forcing";

    /// <summary>The machine is this site's, and only has to be started.</summary>
    public const string Owned = "owned";

    /// <summary>Who owns the machine cannot be decided yet.</summary>
    public const string Waiting = "waiting";
}
