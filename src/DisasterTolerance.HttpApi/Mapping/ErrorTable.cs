using Microsoft.AspNetCore.Http;

namespace DisasterTolerance.HttpApi.Mapping;

/// <summary>What an error code is on the wire.</summary>
/// <param name="HttpStatus">The HTTP status.</param>
/// <param name="English">For people.</param>
/// <param name="Chinese">The same in Chinese.</param>
internal sealed record ErrorText(int HttpStatus, string English, string Chinese);

/// <summary>The one place that maps error codes to HTTP status and messages. Pure.</summary>
internal static class ErrorTable
{
    private const int Invalid = StatusCodes.Status400BadRequest;
    private const int Absent = StatusCodes.Status404NotFound;
    private const int Clash = StatusCodes.Status409Conflict;
    private const int Later = StatusCodes.Status503ServiceUnavailable;

    /// <summary>The <c>scode</c> of an error that has no code of its own.</summary>
    public const int UnexpectedScode = 1000;

    /// <summary>What is said of such an error.</summary>
    public const string UnexpectedDesc = "The site met an error that it did not expect. Its log tells more; ask 'state' what became of the work before trying again.";

    /// <summary>What such an error is on the wire.</summary>
    public static ErrorText Unexpected { get; } = new(StatusCodes.Status500InternalServerError, "The site met an error that it did not expect", "站点内部错误");

    public static ErrorText Of(ErrorCode code) => code switch
    {
        ErrorCode.None => new(StatusCodes.Status200OK, "success", "成功"),

        ErrorCode.InvalidArgument => new(Invalid, "The request is not valid", "请求参数无效"),
        ErrorCode.NotFound => new(Absent, "The object does not exist", "对象不存在"),
        ErrorCode.AlreadyExists => new(Clash, "The object exists already", "对象已存在"),
        ErrorCode.Conflict => new(Clash, "The state of the object does not allow this", "对象当前状态不允许该操作"),
        ErrorCode.Unavailable => new(Later, "The site cannot do this now", "站点暂时不可用"),
        ErrorCode.Ambiguous => new(Clash, "The reference matches more than one object", "引用匹配到多个对象"),
        ErrorCode.Cancelled => new(Later, "The work was cancelled", "操作已取消"),
        ErrorCode.Stalled => new(Later, "The work made no progress", "操作长时间无进展"),
        ErrorCode.Unsure => new(Later, "The site is unsure of its facts", "站点数据待确认"),
        ErrorCode.FloorProtected => new(Clash, "The local retention floor forbids this", "本地保留下限不允许该操作"),

        ErrorCode.PeerUnreachable => new(Later, "The linked site does not answer", "对端站点不可达"),
        ErrorCode.PeerKeyMismatch => new(Later, "The linked site showed an unknown key", "对端站点公钥不匹配"),
        ErrorCode.ProtocolVersion => new(Later, "The linked site speaks another protocol version", "对端站点协议版本不兼容"),
        ErrorCode.ProtocolViolation => new(Later, "The linked site broke the protocol", "对端站点违反协议"),
        ErrorCode.LinkLost => new(Later, "The link was lost", "链路中断"),
        ErrorCode.PeerRefused => new(Clash, "The linked site refused", "对端站点拒绝了请求"),
        ErrorCode.AddressUnusable => new(Later, "A network address is not usable", "网络地址不可用"),
        ErrorCode.NoLink => new(Clash, "The two sites have no link", "两站点之间没有容灾链路"),
        ErrorCode.IdentityUnusable => new(Later, "The site's private key is not usable", "站点私钥不可用"),

        ErrorCode.StorageFailed => new(Later, "The storage failed", "存储故障"),
        ErrorCode.StorageFull => new(Later, "The storage is full", "存储空间不足"),
        ErrorCode.BlobNotFound => new(Later, "Stored data is missing", "存储数据缺失"),
        ErrorCode.BlobExists => new(Clash, "Stored data exists already", "存储数据已存在"),
        ErrorCode.DataDamaged => new(Clash, "Stored data is damaged", "存储数据已损坏"),
        ErrorCode.FormatVersion => new(Clash, "The stored format is not known", "存储格式版本不支持"),
        ErrorCode.StoreInUse => new(Clash, "The store is in use", "存储正被占用"),

        ErrorCode.CatalogFailed => new(Later, "The catalog failed", "目录数据库故障"),
        ErrorCode.CatalogConflict => new(Clash, "Somebody else changed the object", "对象已被他人修改"),

        ErrorCode.HypervisorFailed => new(Later, "The hypervisor failed", "虚拟化平台故障"),
        ErrorCode.MachineNotFound => new(Absent, "The hypervisor does not know the machine", "虚拟机不存在"),
        ErrorCode.DiskUnusable => new(Clash, "A disk is not usable", "磁盘不可用"),
        ErrorCode.DiskChanged => new(Clash, "A disk changed while it was read", "读取期间磁盘发生变化"),
        ErrorCode.HostNotFound => new(Absent, "The host does not exist", "主机不存在"),
        ErrorCode.ShutdownTimeout => new(Later, "The machine did not shut down in time", "虚拟机关机超时"),
        ErrorCode.HypervisorUnknown => new(Invalid, "No hypervisor of this name is configured", "未配置该容灾类型"),

        ErrorCode.NotOwner => new(Clash, "The site does not own the machine", "该站点不是容灾对象的运行站点"),
        ErrorCode.OwnershipConflict => new(Clash, "Both sites own the machine", "两站点同时拥有该容灾对象"),
        ErrorCode.MachineRunning => new(Clash, "The machine is running", "虚拟机正在运行"),
        ErrorCode.NoRecoveryPoint => new(Absent, "There is no recovery point that fits", "没有可用的恢复点"),
        ErrorCode.OwnerAlive => new(Clash, "The owner reports the machine running", "运行站点报告虚拟机正在运行"),
        ErrorCode.WrongProcedure => new(Clash, "The machine is in another procedure", "容灾对象所处流程不允许该操作"),

        _ => Unexpected,
    };
}
