using System.Text.Json;
using System.Text.Json.Serialization;
using DisasterTolerance.Compare.Subjects;

namespace DisasterTolerance.Compare.Report;

/// <summary>All measurements of a run, which may have been done in parts, and what they were done on.</summary>
internal sealed record Results
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter() } };

    public required Surroundings Surroundings { get; init; }

    public required DiskFacts Disk { get; init; }

    public IReadOnlyList<Measurement> Measurements { get; init; } = [];

    public IReadOnlyList<string> Failures { get; init; } = [];

    public static Results? TryRead(string folder) =>
        File.Exists(PathIn(folder)) ? JsonSerializer.Deserialize<Results>(File.ReadAllText(PathIn(folder)), Format) : null;

    /// <summary>What a run adds to earlier results.</summary>
    /// <exception cref="InvalidOperationException">They are about another disk.</exception>
    public static Results Join(Results? earlier, Surroundings surroundings, DiskFacts disk, ComparisonRun run)
    {
        if (earlier is not null && earlier.Disk != disk)
        {
            throw new InvalidOperationException("The earlier results are of another disk: run all parts with the same size and seed, and keep the disk with --work DIR --keep.");
        }

        return new Results
        {
            Surroundings = surroundings,
            Disk = disk,
            Measurements = [.. earlier?.Measurements ?? [], .. run.Measurements],
            Failures = [.. (earlier?.Failures ?? []).Concat(run.Failures).Distinct()],
        };
    }

    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(PathIn(folder), JsonSerializer.Serialize(this, Format) + '\n');
        File.WriteAllText(Path.Combine(folder, "table.md"), MarkdownTable.Of(this));
        File.WriteAllText(Path.Combine(folder, "chart.svg"), Chart.Of(this));
    }

    /// <summary>Subjects that did a row, in the order of the catalog.</summary>
    public IEnumerable<string> SubjectsOf(Row row, bool ships) =>
        SubjectCatalog.Kinds.Where(kind => kind.Ships == ships).Select(kind => kind.Name).Where(name => Of(name, row).Any());

    /// <summary>The median of a figure, or null if nobody measured it.</summary>
    public double? Median(string subject, Row row, Func<Measurement, double?> figure)
    {
        double[] sorted = [.. Of(subject, row).Select(figure).OfType<double>().Order()];
        return sorted.Length == 0 ? null : sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2] + sorted[(sorted.Length / 2) - 1]) / 2;
    }

    public int Rounds(string subject, Row row) => Of(subject, row).Count();

    private IEnumerable<Measurement> Of(string subject, Row row) => Measurements.Where(measurement => measurement.Subject == subject && measurement.Row == row);

    private static string PathIn(string folder) => Path.Combine(folder, "results.json");
}
