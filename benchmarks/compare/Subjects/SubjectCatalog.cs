using DisasterTolerance.Compare.Floor;
using DisasterTolerance.Compare.Product;

namespace DisasterTolerance.Compare.Subjects;

/// <summary>All that can be compared.</summary>
internal static class SubjectCatalog
{
    public const string ProductLocal = "DisasterTolerance, capture";
    public const string ProductShips = "DisasterTolerance, two sites";
    public const string FloorLocal = "floor, capture";
    public const string FloorShips = "floor, two processes";

    private static readonly Row[] Captures = [Row.First, Row.Nothing, Row.Scattered, Row.Day];
    private static readonly Row[] All = Enum.GetValues<Row>();
    private static readonly Dictionary<string, string> Nothing = [];

    public static IReadOnlyList<SubjectKind> Kinds { get; } =
    [
        new(ProductLocal, false, Captures, Nothing, setting => new ProductSubject(setting, ships: false)),
        new(ProductShips, true, All, Nothing, setting => new ProductSubject(setting, ships: true)),
        new(FloorLocal, false, All, Nothing, setting => new FloorSubject(setting, ships: false)),
        new(FloorShips, true, Captures, Nothing, setting => new FloorSubject(setting, ships: true)),
    ];
}
