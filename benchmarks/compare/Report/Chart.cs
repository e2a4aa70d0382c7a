using System.Globalization;
using System.Text;

namespace DisasterTolerance.Compare.Report;

/// <summary>Wall time of every subject as bars, a group for each row, as an SVG that stands alone.</summary>
internal static class Chart
{
    private const int Width = 860;
    private const int Names = 240;
    private const int Figures = 150;
    private const int Line = 20;
    private const int Gap = 34;

    public static string Of(Results results)
    {
        var body = new StringBuilder();
        var top = 16;
        foreach (var row in Enum.GetValues<Row>())
        {
            foreach (var ships in (bool[])[false, true])
            {
                (string Name, double Seconds)[] bars = [.. results.SubjectsOf(row, ships).Select(name => (name, results.Median(name, row, m => m.Seconds)!.Value))];
                if (bars.Length > 0)
                {
                    top = Draw(body, results, row, ships, bars, top);
                }
            }
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {top}\" width=\"{Width}\" height=\"{top}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n");
    }

    private static int Draw(StringBuilder body, Results results, Row row, bool ships, (string Name, double Seconds)[] bars, int top)
    {
        body.Append(CultureInfo.InvariantCulture, $"<text x=\"8\" y=\"{top + 14}\" font-weight=\"bold\">{RowTitles.Of(row)}, {(ships ? "two processes" : "one store")}: wall time</text>\n");
        top += Line + 4;
        var longest = bars.Max(bar => bar.Seconds);
        foreach (var (name, seconds) in bars)
        {
            var length = Math.Max(1, seconds / longest * (Width - Names - Figures));
            body.Append(CultureInfo.InvariantCulture, $"<text x=\"{Names - 8}\" y=\"{top + 14}\" text-anchor=\"end\">{name}</text>\n");
            body.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Names}\" y=\"{top + 3}\" width=\"{length:0.0}\" height=\"{Line - 6}\" fill=\"{Colour(name)}\"/>\n");
            body.Append(CultureInfo.InvariantCulture, $"<text x=\"{Names + length + 6:0.0}\" y=\"{top + 14}\">{seconds:0.00} s, CPU {results.Median(name, row, m => m.ProcessorSeconds):0.00} s</text>\n");
            top += Line;
        }

        return top + Gap - Line;
    }

    private static string Colour(string name) => name.StartsWith("DisasterTolerance", StringComparison.Ordinal) ? "#1f6fb2" : name.StartsWith("floor", StringComparison.Ordinal) ? "#999999" : "#d9a441";
}
