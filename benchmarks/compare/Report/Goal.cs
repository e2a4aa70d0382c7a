using System.Globalization;
using DisasterTolerance.Compare.Subjects;

namespace DisasterTolerance.Compare.Report;

/// <summary>A figure of the product that shall not be greater than a bound, which is a number or a share of somebody else's figure in the same run.</summary>
internal sealed record Goal(Row Row, string Text, string Unit, Func<Results, double?> Value, Func<Results, double?> Bound)
{
    private const double Mega = 1e6;
    private const int BytesPerChangedChunk = 2048;
    private const int UsualScatteredBlocks = 2000;

    public static IReadOnlyList<Goal> All { get; } =
    [
        Share(Row.First, "wall", SubjectCatalog.ProductLocal, 0.50, SubjectCatalog.BorgZstd),
        Share(Row.First, "wall", SubjectCatalog.ProductLocal, 1.2, SubjectCatalog.FloorLocal),
        Share(Row.First, "CPU", SubjectCatalog.ProductLocal, 0.85, SubjectCatalog.BorgZstd),
        Share(Row.First, "wall", SubjectCatalog.ProductShips, 0.55, SubjectCatalog.ResticRclone),
        Share(Row.First, "wall", SubjectCatalog.ProductShips, 0.90, SubjectCatalog.RsyncZ),
        Share(Row.First, "CPU", SubjectCatalog.ProductShips, 0.45, SubjectCatalog.ResticRclone),
        Share(Row.Nothing, "wall", SubjectCatalog.ProductLocal, 0.45, SubjectCatalog.BorgZstd),
        Share(Row.Nothing, "CPU", SubjectCatalog.ProductLocal, 0.70, SubjectCatalog.BorgZstd),
        new(Row.Scattered, "wire ≤ 6 MB", "MB", Wire(Row.Scattered), results => 6.0 * results.Disk.Scattered.Blocks / UsualScatteredBlocks),
        new(Row.Scattered, "store ≤ 9 MB", "MB", Store(Row.Scattered), results => 9.0 * results.Disk.Scattered.Blocks / UsualScatteredBlocks),
        Growth(Row.Scattered, results => results.Disk.Scattered),
        Share(Row.Day, "wall", SubjectCatalog.ProductLocal, 0.45, SubjectCatalog.BorgZstd),
        new(Row.Day, "wire ≤ 1.15 × zstd 1 of the changed blocks", "MB", Wire(Row.Day), results => 1.15 * results.Disk.Day.CompressedBytes / Mega),
        Growth(Row.Day, results => results.Disk.Day),
        new(Row.Differential, "wall ≤ 1.5 s", "s", results => results.Median(SubjectCatalog.ProductShips, Row.Differential, m => m.Seconds), _ => 1.5),
        Share(Row.Restore, "wall", SubjectCatalog.ProductShips, 0.50, SubjectCatalog.BorgZstd),
    ];

    /// <summary>What became of it, or null if something it needs was not measured.</summary>
    public string? Verdict(Results results) => Value(results) is { } value && Bound(results) is { } bound
        ? value <= bound ? "met" : string.Create(CultureInfo.InvariantCulture, $"missed by {((value / bound) - 1) * 100:0} %")
        : null;

    private static Goal Share(Row row, string figure, string product, double share, string other)
    {
        Func<Measurement, double?> read = figure == "CPU" ? measurement => measurement.ProcessorSeconds : measurement => measurement.Seconds;
        return new(
            row,
            string.Create(CultureInfo.InvariantCulture, $"{figure} ≤ {share:0.00} × {other}"),
            "s",
            results => results.Median(product, row, read),
            results => share * results.Median(other, row, read));
    }

    private static Goal Growth(Row row, Func<Results, ChangeFacts> facts) => new(
        row,
        "store ≤ 1.3 × zstd 1 of the changed blocks + 2 KiB per changed chunk",
        "MB",
        Store(row),
        results => ((1.3 * facts(results).CompressedBytes) + (BytesPerChangedChunk * facts(results).Chunks)) / Mega);

    private static Func<Results, double?> Wire(Row row) => results => results.Median(SubjectCatalog.ProductShips, row, m => m.WireBytes / Mega);

    private static Func<Results, double?> Store(Row row) => results => results.Median(SubjectCatalog.ProductShips, row, m => m.StoreBytes / Mega);
}
