namespace DisasterTolerance.HttpApi.OpenApi;

/// <summary>What the types of the contracts do not say of their members. Data; the names are those of the wire.</summary>
internal static class MemberRules
{
    /// <summary>Members of requests without which the request, or the machine in it, is refused. All others may be absent or null.</summary>
    public static IReadOnlySet<string> RequiredOfRequests { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "AddPlanRequest.name",
        "AddPlanRequest.master_cluster",
        "AddPlanRequest.slave_cluster",
        "AddPlanRequest.rpo",
        "AddPlanRequest.dtp_type",
        "AddPlanRequest.local_backup_duration",
        "PlanVmRequest.master_side_uuid",
        "AddLinkRequest.link_transport_limit",
        "AddLinkRequest.sides",
        "LinkSideRequest.ClusterUUID",
        "EditLinkRequest.link_transport_limit",
        "CheckLinkRequest.master_cluster",
        "CheckLinkRequest.hosts",
        "ListBackupsRequest.plan_uuid",
        "ListBackupsRequest.vm_uuid",
        "ExecuteRequest.exec_vms",
        "ExecuteVmRequest.plan_uuid",
        "ExecuteVmRequest.vm_uuid",
        "RecoverRequest.recover_vms",
        "RecoverVmRequest.plan_uuid",
        "RecoverVmRequest.vm_uuid",
        "RecoverVmRequest.vm_backup_uuid",
    };

    /// <summary>Members of answers that this product always writes and the reference's examples do not always have: a client should not count on them.</summary>
    public static IReadOnlySet<string> OptionalInAnswers { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "StateInfo.last_error",
        "StateInfo.deleted",
        "StateInfo.zone",
        "BackupInfo.Uuid",
    };

    /// <summary>Members of answers whose type is a parameter, which counts as nullable although they never are.</summary>
    public static IReadOnlySet<string> NeverNull { get; } = new HashSet<string>(StringComparer.Ordinal) { "Envelope.data" };

    /// <summary>Second names of members, for clients that know no other.</summary>
    public static IReadOnlySet<string> Deprecated { get; } = new HashSet<string>(StringComparer.Ordinal) { "AddPlanRequest.ProtectedVm", "EditPlanRequest.ProtectedVm" };
}
