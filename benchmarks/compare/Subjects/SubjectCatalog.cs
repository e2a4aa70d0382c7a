using DisasterTolerance.Compare.Floor;
using DisasterTolerance.Compare.Peers;
using DisasterTolerance.Compare.Product;

namespace DisasterTolerance.Compare.Subjects;

/// <summary>All that can be compared.</summary>
internal static class SubjectCatalog
{
    public const string ProductLocal = "DisasterTolerance (capture)";
    public const string ProductShips = "DisasterTolerance (two sites)";
    public const string FloorLocal = "floor (one process)";
    public const string FloorShips = "floor (two processes)";

    public const string BorgZstd = "borg 64 KiB zstd 1";
    public const string ResticRclone = "restic over rclone";
    public const string RsyncZ = "rsync -z (zstd 1)";

    private const string Fixed = "fixed,65536";
    private const string BorgDefault = "buzhash,19,23,21,4095";

    private static readonly Row[] CapturesAndRestore = [Row.First, Row.Nothing, Row.Scattered, Row.Day, Row.Restore];
    private static readonly Row[] Copies = [Row.First, Row.Restore];
    private static readonly Row[] Captures = [Row.First, Row.Nothing, Row.Scattered, Row.Day];
    private static readonly Row[] All = Enum.GetValues<Row>();
    private static readonly Dictionary<string, string> Nothing = [];
    private static readonly Dictionary<string, string> BorgTools = new() { ["borg"] = "borgbackup" };
    private static readonly Dictionary<string, string> ResticTools = new() { ["restic"] = "restic" };
    private static readonly Dictionary<string, string> RcloneTools = new() { ["restic"] = "restic", ["rclone"] = "rclone" };
    private static readonly Dictionary<string, string> RsyncTools = new() { ["rsync"] = "rsync" };

    public static IReadOnlyList<SubjectKind> Kinds =>
    [
        new(ProductLocal, false, Captures, Nothing, setting => new ProductSubject(setting, ships: false)),
        new(ProductShips, true, All, Nothing, setting => new ProductSubject(setting, ships: true)),
        new(FloorLocal, false, All, Nothing, setting => new FloorSubject(setting, ships: false)),
        new(FloorShips, true, Captures, Nothing, setting => new FloorSubject(setting, ships: true)),
        new(BorgZstd, false, CapturesAndRestore, BorgTools, setting => new Borg(setting, "zstd,1", Fixed)),
        new(ResticRclone, true, CapturesAndRestore, RcloneTools, setting => new Restic(setting, overRclone: true)),
        new(RsyncZ, true, CapturesAndRestore, RsyncTools, setting => new Rsync(setting, compresses: true)),
        new("borg 64 KiB lz4", false, CapturesAndRestore, BorgTools, setting => new Borg(setting, "lz4", Fixed)),
        new("borg default chunker zstd 1", false, CapturesAndRestore, BorgTools, setting => new Borg(setting, "zstd,1", BorgDefault)),
        new("restic", false, CapturesAndRestore, ResticTools, setting => new Restic(setting, overRclone: false)),
        new("rsync", true, CapturesAndRestore, RsyncTools, setting => new Rsync(setting, compresses: false)),
        new("casync", false, CapturesAndRestore, new Dictionary<string, string> { ["casync"] = "casync" }, setting => new Casync(setting)),
        new("qemu-img over NBD", true, Copies, NbdTools("qemu-img", "qemu-utils"), setting => new NbdCopy(setting, byQemuImg: true)),
        new("nbdcopy", true, Copies, NbdTools("nbdcopy", "libnbd-bin"), setting => new NbdCopy(setting, byQemuImg: false)),
    ];

    private static Dictionary<string, string> NbdTools(string tool, string package) => new() { ["qemu-nbd"] = "qemu-utils", [tool] = package };
}
