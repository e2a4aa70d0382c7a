namespace DisasterTolerance.HttpApi.OpenApi;

/// <summary>
/// What the members of bodies mean, in English and in the reference's Chinese. A row is for all members of that name, or for the one of a contract if its name stands before it. Data; the names are those of the wire.
/// </summary>
internal static class MemberTexts
{
    private const string PageLength = "ListBackupsRequest.page";
    private const string PageIndex = "ListBackupsRequest.number";

    /// <summary>Member, English, Chinese.</summary>
    public static IReadOnlyList<(string Member, string English, string Chinese)> Rows { get; } =
    [
        // Envelope and outcome.
        ("Envelope.message", "What happened, in English; empty or \"success\" if all went well", "英文提示信息"),
        ("message_cn", "The same in Chinese", "中文提示信息"),
        ("scode", "0 for success, else a number of x-error-codes", "状态码，0表示成功"),
        ("desc", "What the caller should know: the object, the cause and the next step; often empty", "详细描述"),
        ("stack", "Never a stack trace: null, or empty where the reference has it so", "堆栈信息，不返回内容"),
        ("Envelope.data", "What the route answers", "返回数据"),
        ("status", "The outcome once more", "返回状态"),
        ("Status.code", "The same as scode", "状态码，0表示成功"),
        ("message", "What happened, in English; empty if all went well", "英文提示信息"),
        ("messageCn", "The same as message_cn", "中文提示信息"),
        ("UUID", "Always empty", "保留字段"),

        // Lists and tallies.
        ("total_count", "How many there are without paging", "总数"),
        ("PlansData.infos", "The plans", "容灾计划数组"),
        ("StateData.infos", "The machines", "容灾对象信息数组"),
        ("MasterBackupsData.vms", "The machines", "容灾主站点集群虚拟机信息数组"),
        ("SlaveBackupsData.vms", "The machines", "容灾备站点集群虚拟机信息数组"),
        ("backups", "The recovery points, newest first", "备份信息数组"),
        ("LinksData.sides", "The links; null after a link was deleted", "容灾链路信息数组"),
        ("is_ok", "Whether every host answered", "网络是否能通"),
        ("success", "How many machines succeeded", "成功的数量"),
        ("fail", "How many machines failed", "失败的数量"),
        ("results", "One result for each machine, in the order of the request", "容灾对象结果数组"),
        ("ExecuteResult.data", "Which machine the result is about", "容灾对象"),
        ("RecoverResult.data", "Which machine the result is about", "容灾对象"),
        ("WorkSubject.status", "Always null", "保留字段"),
        ("WorkSubject.vm_uuid", "vm_uuid of the request, at most 256 characters of it", "请求中的容灾对象uuid"),
        ("WorkSubject.vm_name", "vm_name of the request, at most 256 characters of it", "请求中的容灾对象名称"),

        // What lists are filtered by.
        ("filter_types", "Only of plans with one of these dtp_type, at most 64; empty for all", "想要查询的容灾类型数组"),
        ("fuzzy", "Only if the machine's or the plan's name contains this text of at most 256 characters, in either case; empty for all", "过滤关键字"),
        ("ListPlansRequest.fuzzy", "Only plans whose name contains this text of at most 256 characters, in either case; empty for all", "过滤关键字"),
        ("number", "Length of a page, at most 1,000; 0 or absent for everything", "页长，最大1000，0表示全部"),
        ("page", "Zero-based page; with it alone pages have 50", "页码，从0开始"),
        (PageLength, "Length of a page, at most 1,000; 0 or absent for everything", "页长，最大1000，0表示全部"),
        (PageIndex, "Zero-based page; with it alone pages have 50", "页码，从0开始"),
        ("cluster_uuid", "Uuid of the site to answer for: this one or a configured peer; absent for all that this site knows", "集群uuid"),
        ("plan_uuid", "Uuid of the plan that the machine belongs to", "容灾对象所属容灾计划uuid"),
        ("ListStateRequest.plan_uuid", "Only machines of this plan; empty for all", "容灾计划uuid"),
        ("ListMasterBackupsRequest.plan_uuid", "Only machines of this plan; empty for all", "容灾计划uuid"),
        ("ListSlaveBackupsRequest.plan_uuid", "Only machines of this plan; empty for all", "容灾计划uuid"),
        ("vms", "Only these machines, at most 2,000, by a uuid of theirs; empty for all", "容灾对象uuid数组"),
        ("vm_uuid", "The machine, by its uuid at either side or the protected object's own", "容灾对象uuid"),
        ("ListMasterBackupsRequest.vm_uuid", "Only these machines, at most 2,000, by a uuid of theirs; empty for all", "容灾虚拟机uuid数组"),
        ("ListSlaveBackupsRequest.vm_uuid", "Only these machines, at most 2,000, by a uuid of theirs; empty for all", "容灾虚拟机uuid数组"),
        ("ListBackupsRequest.vm_uuid", "The machine; which of its uuids it is chooses the store: master side, slave side, or that of the site that answers", "容灾对象主站点或备站点uuid"),
        ("start_time", "Only points whose Ctime is then or later, in seconds since 1970; 0 for all", "开始时间时间戳"),
        ("end_time", "Only points whose Ctime is then or earlier, in seconds since 1970; 0 for all", "结束时间时间戳"),

        // Plans.
        ("UuidRequest.uuid", "Uuid of the plan or link that the route is about; may stand in the query instead", "uuid，也可放在查询参数中"),
        ("EditPlanRequest.uuid", "Uuid of the plan; may stand in the query instead", "容灾计划uuid"),
        ("PlanInfo.uuid", "The plan's uuid", "容灾计划uuid"),
        ("name", "The machine's name", "容灾对象名称"),
        ("AddPlanRequest.name", "The plan's name, 1 to 256 characters", "容灾计划名称"),
        ("EditPlanRequest.name", "The plan's new name, at most 256 characters", "容灾计划名称"),
        ("PlanInfo.name", "The plan's name", "容灾计划名称"),
        ("master_cluster", "Uuid of the plan's master site", "容灾计划主站点集群uuid"),
        ("ListPlansRequest.master_cluster", "Only of plans with this master site; empty for all", "容灾计划主站点集群uuid"),
        ("ListStateRequest.master_cluster", "Only of plans with this master site; empty for all", "容灾计划主站点集群uuid"),
        ("ListMasterBackupsRequest.master_cluster", "Only of plans with this master site; empty for all", "容灾计划主站点集群uuid"),
        ("CheckLinkRequest.master_cluster", "Uuid of the link's side that dials the other one", "容灾链路主站点集群uuid"),
        ("master_cluster_name", "Name of the master site", "容灾计划主站点集群名称"),
        ("slave_cluster", "Uuid of the plan's slave site", "容灾计划备站点集群uuid"),
        ("ListSlaveBackupsRequest.slave_cluster", "Only of plans with this slave site; empty for all", "容灾计划备站点集群uuid"),
        ("slave_cluster_name", "Name of the slave site", "容灾计划备站点集群名称"),
        ("rpo", "Recovery point objective: how old the newest usable point at the other site may be, in seconds", "容灾rpo（秒）"),
        ("dtp_type", "Name of the configured hypervisor that runs the machines, for instance hci", "容灾类型"),
        ("EditPlanRequest.dtp_type", "Cannot change: only the present one is taken", "容灾类型，不可修改"),
        ("PlanVmInfo.dtp_type", "Always empty: the type stands at the plan", "容灾类型，见容灾计划"),
        ("local_backup_duration", "Time from one run to the next, in seconds, not longer than rpo", "本地备份时间（秒）"),
        ("recover_point_reserve_duration", "For how long points are kept, in seconds; 0 if they are kept by count", "恢复点保留时间（秒，与恢复点保留数量2选1）"),
        ("recover_point_reserve_count", "How many points are kept; 0 or absent if they are kept by time", "恢复点保留数量（与恢复点保留时间2选1）"),
        ("compression", "Whether data is compressed; true if absent at add", "是否压缩传输"),
        ("Compression", "Whether data is compressed", "是否压缩传输"),
        ("enable", "Whether runs are scheduled; true if absent at add", "是否启用容灾计划"),
        ("protected_vm", "The plan's machines, at most 2,000", "容灾计划保护对象数组"),
        ("EditPlanRequest.protected_vm", "The machines from now on; absent keeps them, an empty list is refused", "容灾保护对象"),
        ("ProtectedVm", "Another name of protected_vm", "容灾保护对象数组，同protected_vm"),
        ("storage_medium", "Name of a configured store; an unknown one takes the default", "存储介质"),
        ("datacenter_reference", "vSphere's data centre; stored and returned", "vsphere集群数据中心标识"),
        ("host_reference", "vSphere's host; stored and returned", "vsphere集群主机标识"),
        ("vm_path_name", "vSphere's path name of the machines; stored and returned", "容灾对象路径名称"),
        ("next_execute_time", "When the next run is due, in seconds since 1970; 0 if none is", "下一次容灾计划执行时间"),
        ("ctime", "When it was created, in seconds since 1970", "创建时间"),
        ("mtime", "When it was changed last, in seconds since 1970", "修改时间"),
        ("EditPlanRequest.mtime", "The mtime that the caller knows; if the plan has another one the edit is refused with 409", "容灾计划修改时间"),

        // Machines of plans.
        ("master_side_uuid", "The machine's uuid at the master site", "容灾对象在主站点的uuid"),
        ("slave_side_uuid", "The machine's uuid at the slave site", "容灾对象在备站点的uuid"),
        ("recovery_priority", "high, middle or low: high ones are brought up first; middle if absent", "恢复优先级"),
        ("host_uuid", "Uuid of the host to start it on at the other site", "主机uuid"),
        ("path", "vSphere's import path; stored and returned", "导入路径"),
        ("ova_path", "vSphere's path of the OVA file; stored and returned", "ova文件路径"),
        ("tenant", "The tenant's uuid; stored and returned", "租户uuid"),
        ("snapshot_name", "vSphere's snapshot name; stored and returned", "快照名"),
        ("PlanVmInfo.uuid", "The protected object's own uuid, the same at both sites", "容灾对象uuid"),
        ("disaster_tolerant_plan", "The plan's uuid", "容灾对象所属容灾计划uuid"),
        ("disaster_tolerant_plan_name", "The plan's name", "容灾对象所属容灾计划名称"),
        ("disater_tolerant_plan", "The plan's uuid; spelt as the reference spells it", "容灾计划uuid"),
        ("running_cluster", "Uuid of the site that runs the machine", "容灾对象运行站点集群uuid"),
        ("running_cluster_name", "Name of the site that runs the machine", "容灾对象运行站点集群名称"),
        (
            "procedure",
            "What happens to the machine now: 0 nothing, 1 capturing a point, 2 shipping, 3 migrating, 4 recovering, 5 waiting for vm/confirm, 6 the last work failed, 7 both sites own it and an operator must choose",
            "容灾对象状态：0正常，1备份中，2同步中，3迁移中，4恢复中，5待确认，6失败，7冲突"),
        ("last_backup_time", "When the newest point was done, in seconds since 1970; 0 before the first", "最近一次备份时间"),
        ("master_side_last_snap", "Name of the newest point in the master's store; empty for none", "容灾对象主站点最新容灾快照名"),
        ("slave_side_last_snap", "Name of the newest point in the slave's store; empty for none", "容灾对象备站点最新容灾快照名"),

        // State and stores.
        ("StateInfo.uuid", "The machine's uuid at the master site", "容灾对象在主站点的uuid"),
        ("object_group", "The machine's group", "容灾对象所在分组名称"),
        ("object_group_path", "Path of the machine's group", "容灾对象所在分组路径"),
        ("state", "What happens to the machine and what is wrong, in Chinese, joined by \"；\"", "容灾对象状态"),
        ("ip", "The machine's addresses; null if nobody can tell", "ip数组"),
        ("satisfy_rpo", "Whether the newest usable point at the other site is no older than rpo; false also if that is unknown", "容灾对象是否满足rpo"),
        ("plan_enable", "Whether the plan schedules runs", "容灾对象所属容灾计划是否启用"),
        ("sync_data_delta_size", "Bytes that still have to be shipped", "同步数据增量大小（字节）"),
        ("next_execute_plan_time", "When the machine's next run is due, in seconds since 1970; 0 if none is", "下一次备份执行时间"),
        ("last_error", "Why the last run failed; empty if it did not", "容灾对象最近一个错误信息"),
        ("deleted", "Whether the hypervisor does not know the machine any more", "容灾对象是否已被删除"),
        ("zone", "The machine's resource pool", "容灾对象所在资源池"),
        ("MasterBackupInfo.uuid", "The machine's uuid at the master site", "容灾对象在主站点的uuid"),
        ("SlaveBackupInfo.uuid", "The machine's uuid at the slave site", "容灾对象在备站点的uuid"),
        ("backup_size", "Bytes that this store holds for the machine; what machines share counts for each", "容灾对象备份大小（字节）"),
        ("backup_count", "How many points this store holds of the machine", "容灾对象备份数量"),
        ("belong_cluster", "Uuid of the master site, whose store this is", "容灾对象所属集群uuid"),
        ("belong_cluster_name", "Name of the master site", "容灾对象所属集群名称"),
        ("Name", "Name of the point: DT- and the second in which its capture began", "备份名称"),
        ("Description", "What the point is, in Chinese, with the local time of the site", "备份描述"),
        ("Ctime", "When the point was done, in seconds since 1970", "备份创建时间"),
        ("BackupInfo.Uuid", "The point's uuid; no member of the reference", "备份uuid"),

        // Links.
        ("link_transport_limit", "Most bytes per second in each direction, at least 1; -1 for no limit", "链路传输带宽限制（字节/秒，-1表示不限制）"),
        ("link_side_relation", "Names of both sides in the order of the link's author; those of sides if absent", "容灾链路两端站点名称数组"),
        ("sides", "The two sides of the link", "容灾链路两端站点集群信息"),
        ("ClusterUUID", "The site's uuid", "集群uuid"),
        ("ClusterName", "The site's name", "集群名称"),
        ("LinkInfo.uuid", "The link's uuid", "容灾链路uuid"),
        ("EditLinkRequest.uuid", "Uuid of the link; may stand in the query instead", "容灾链路uuid"),
        ("CheckLinkRequest.uuid", "Uuid of the link; may stand in the query instead", "容灾链路uuid"),
        ("LinkInfo.status", "Whether the other site answers now", "容灾链路连接状态"),
        ("hosts", "1 to 64 host names or addresses without a port, all of them configured for the other side", "宿主机ip数组"),

        // Work.
        ("exec_vms", "The machines, 1 to 2,000", "执行备份的容灾对象参数数组"),
        ("recover_vms", "The machines, 1 to 2,000", "容灾恢复对象"),
        ("vm_name", "Given back in the result", "容灾对象名称"),
        ("source_cluster", "Uuid of the site that runs the machine, to be checked; empty for no check", "容灾对象的源站点集群uuid"),
        ("auto_shutoff", "Whether the machine may be shut down for this; false if absent", "执行备份前是否将容灾虚拟机关机"),
        ("destination_activate", "Whether the machine moves to the other site; false if absent", "是否将运行站点切换至目标站点"),
        ("startup_hosts", "Uuids of hosts to start it on: the first one is taken, none lets the site choose", "启动主机uuid数组"),
        ("vm_backup_uuid", "The point to recover, by Uuid or Name of vm/backup/list", "要恢复的备份uuid"),
        ("force", "Whether to go on although the site that runs the machine reports it running; false if absent; no member of the reference", "是否强制恢复"),
    ];

    private static readonly Dictionary<string, (string Member, string English, string Chinese)> ByMember = Rows.ToDictionary(row => row.Member, StringComparer.Ordinal);

    /// <summary>The description of a member.</summary>
    /// <param name="contract">The contract's name, of a generic one without its argument.</param>
    /// <param name="member">The member's name on the wire.</param>
    /// <param name="pagingByTables">Whether <c>page</c> is the length of a page on every route.</param>
    /// <exception cref="InvalidOperationException">Nobody described the member.</exception>
    public static string Of(string contract, string member, bool pagingByTables)
    {
        var row = (member, pagingByTables) switch
        {
            ("page", true) => ByMember[PageLength],
            ("number", true) => ByMember[PageIndex],
            _ => RowOf(contract, member) ?? throw new InvalidOperationException($"Member '{member}' of {contract} has no text in {nameof(MemberTexts)}."),
        };
        return $"{row.English} / {row.Chinese}";
    }

    /// <summary>The row for a member; null if there is none.</summary>
    public static (string Member, string English, string Chinese)? RowOf(string contract, string member) =>
        ByMember.TryGetValue($"{contract}.{member}", out var own) ? own : ByMember.TryGetValue(member, out var shared) ? shared : null;
}
