using System.Globalization;
using System.Text;
using DisasterTolerance.Compare.Subjects;

namespace DisasterTolerance.Compare.Report;

/// <summary>The results as Markdown: the goals, then each row with all subjects.</summary>
internal static class MarkdownTable
{
    private const double Mega = 1e6;

    public static string Of(Results results)
    {
        var text = new StringBuilder();
        WriteSurroundings(text, results);
        WriteGoals(text, results);
        foreach (var row in Enum.GetValues<Row>())
        {
            foreach (var ships in (bool[])[false, true])
            {
                WriteRow(text, results, row, ships);
            }
        }

        return text.ToString();
    }

    private static void WriteSurroundings(StringBuilder text, Results results)
    {
        var (place, disk) = (results.Surroundings, results.Disk);
        text.Append(CultureInfo.InvariantCulture, $"{place.Date}. {place.Machine}. {place.Runtime}. fsync where the stores lie: {place.SyncMilliseconds:0.000} ms.\n\n");
        text.Append(CultureInfo.InvariantCulture, $"Disk: {disk.DiskBytes >> 20} MiB, {disk.DataBytes / Mega:0} MB in chunks of 64 KiB that are not zero. ");
        WriteChange(text, "Scattered", disk.Scattered);
        WriteChange(text, "Day", disk.Day);
        text.Append("\n\n\"others\" is the share of all cores that other programs took meanwhile.\n");
        foreach (var limit in place.Limits.Concat(results.Failures.Select(failure => $"failed: {failure}")))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n- {limit.ReplaceLineEndings(" ")}\n");
        }
    }

    private static void WriteChange(StringBuilder text, string name, ChangeFacts change) =>
        text.Append(CultureInfo.InvariantCulture, $"{name}: {change.Blocks} blocks of 4 KiB in {change.Chunks} chunks, {change.CompressedBytes / Mega:0.0} MB by zstd 1. ");

    private static void WriteGoals(StringBuilder text, Results results)
    {
        text.Append("\n| row | goal | measured | bound | |\n|---|---|---:|---:|---|\n");
        foreach (var goal in Goal.All)
        {
            if (goal.Verdict(results) is { } verdict)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {RowTitles.Of(goal.Row)} | {goal.Text} | {goal.Value(results):0.00} {goal.Unit} | {goal.Bound(results):0.00} {goal.Unit} | {verdict} |\n");
            }
        }
    }

    private static void WriteRow(StringBuilder text, Results results, Row row, bool ships)
    {
        string[] subjects = [.. results.SubjectsOf(row, ships)];
        if (subjects.Length == 0)
        {
            return;
        }

        // Restores have one floor: both kinds of subjects end with a disk on the computer that holds the store.
        var floor = ships && row <= Row.Day ? SubjectCatalog.FloorShips : SubjectCatalog.FloorLocal;
        var (wall, processor) = (results.Median(floor, row, m => m.Seconds), results.Median(floor, row, m => m.ProcessorSeconds));
        text.Append(CultureInfo.InvariantCulture, $"\n**{RowTitles.Of(row)}**, {(ships ? "two processes" : "one store")}\n\n");
        text.Append("| | wall, s | of the floor | CPU, s | of the floor | peak, MB | wire, MB | store, MB | others | rounds |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        foreach (var subject in subjects)
        {
            var (seconds, cpu) = (results.Median(subject, row, m => m.Seconds), results.Median(subject, row, m => m.ProcessorSeconds));
            text.Append(CultureInfo.InvariantCulture, $"| {subject} | {seconds:0.00} | {seconds / wall:0.00} | {cpu:0.00} | {cpu / processor:0.00} | {results.Median(subject, row, m => m.PeakBytes / Mega):0} ");
            text.Append(CultureInfo.InvariantCulture, $"| {results.Median(subject, row, m => m.WireBytes / Mega):0.00} | {results.Median(subject, row, m => m.StoreBytes / Mega):0.00} | {100 * results.Median(subject, row, m => m.OtherShare):0} % | {results.Rounds(subject, row)} |\n");
        }
    }
}
