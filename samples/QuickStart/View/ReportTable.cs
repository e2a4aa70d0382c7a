using System.Globalization;
using DisasterTolerance.QuickStart.Stories;
using Spectre.Console;

namespace DisasterTolerance.QuickStart.View;

/// <summary>What every step took and moved.</summary>
internal static class ReportTable
{
    private const int PlainWidth = 160;

    public static void Write(IReadOnlyList<StepResult> results)
    {
        var table = new Table().Border(TableBorder.Rounded);
        table.AddColumn("Step");
        foreach (var header in (string[])["Seconds", "Disk bytes", "Changed bytes", "Bytes on the wire"])
        {
            table.AddColumn(new TableColumn(header).RightAligned());
        }

        table.AddColumn("Result");
        foreach (var result in results)
        {
            var figures = result.Figures;
            table.AddRow(
                new Text(result.Step),
                new Text(result.Elapsed.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture)),
                Bytes(figures.DiskBytes),
                Bytes(figures.ChangedBytes),
                Bytes(figures.WireBytes),
                new Text($"{(result.Succeeded ? "ok" : "FAILED")}: {figures.Result}", new Style(result.Succeeded ? Color.Green : Color.Red)));
        }

        if (!AnsiConsole.Profile.Capabilities.Interactive)
        {
            // A file or a pipe has no width of its own.
            AnsiConsole.Profile.Width = PlainWidth;
        }

        AnsiConsole.Write(table);
    }

    private static Text Bytes(long? bytes) => new(bytes?.ToString("N0", CultureInfo.InvariantCulture) ?? "");
}
