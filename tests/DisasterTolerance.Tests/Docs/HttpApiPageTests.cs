using DisasterTolerance.Catalog;
using DisasterTolerance.HttpApi.Mapping;
using DisasterTolerance.Plans;
using DisasterTolerance.Tests.HttpApi;

namespace DisasterTolerance.Tests.Docs;

/// <summary>The page about the HTTP routes says what the code does.</summary>
public class HttpApiPageTests
{
    [Fact]
    public void Errors_Table_IsThatOfTheCode()
    {
        var wanted = Enum.GetValues<ErrorCode>().Where(code => code != ErrorCode.None).Select(code => Row((int)code, ErrorTable.Of(code)))
            .Append(Row(ErrorTable.UnexpectedScode, ErrorTable.Unexpected)).Order(StringComparer.Ordinal);
        var shown = Page().Where(line => line.Length > 8 && line.StartsWith("| 1", StringComparison.Ordinal) && line[6] == ' ').Order(StringComparer.Ordinal);

        Assert.Equal(wanted, shown);
    }

    [Fact]
    public void States_Table_IsThatOfTheCode()
    {
        var wanted = Enum.GetValues<Procedure>().Select(procedure => $"| {(int)procedure} | {TextOf(ApiFacts.MachineRow() with { Procedure = procedure })} | |");
        var shown = Page().SkipWhile(line => !line.StartsWith("| `procedure`", StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.Length > 0)
            .Select(line => string.Join('|', line.Split('|')[..4]) + "|");

        Assert.Equal(wanted, shown);
    }

    [Fact]
    public void States_Facts_AreThoseOfTheCode()
    {
        var (row, plan) = (ApiFacts.MachineRow() with { Paused = true }, ApiFacts.PlanRow() with { Enabled = false });
        var down = new Dictionary<Guid, DateTimeOffset> { [ApiHost.Slave] = ApiFacts.At(1584598413) };
        var facts = new StateFacts(true, down, ApiHost.Master, TimeZoneInfo.Utc, _ => null);
        var texts = new[] { RpoState.Missed, RpoState.Unknown }
            .SelectMany(rpo => StateTexts.Of(new MachineView(row, plan, rpo, false, null), facts).Split('；').Skip(1)).Distinct()
            .Select(text => text.Replace("2020-03-19 06:13:33", "…", StringComparison.Ordinal)).ToList();
        var page = Page();

        Assert.Equal(6, texts.Count);
        Assert.All(texts, text => Assert.Contains(page, line => line.EndsWith($" | {text} |", StringComparison.Ordinal)));
    }

    [Fact]
    public void Links_Relative_LeadToFiles()
    {
        var targets = string.Join('\n', Page()).Split("](").Skip(1).Select(rest => rest[..rest.IndexOf(')', StringComparison.Ordinal)].Split('#')[0])
            .Where(target => target.Length > 0).ToList();

        Assert.NotEmpty(targets);
        Assert.All(targets, target => Assert.True(Path.Exists(Path.Combine(ReadmeTests.FindRoot(), "docs", target)), $"'{target}' is not there."));
    }

    private static string TextOf(MachineRow row) =>
        StateTexts.Of(ApiFacts.MachineView() with { Machine = row }, new StateFacts(false, new Dictionary<Guid, DateTimeOffset>(), ApiHost.Master, TimeZoneInfo.Utc, _ => null));

    private static string Row(int scode, ErrorText text) => $"| {scode} | {text.HttpStatus} | {text.English} | {text.Chinese} |";

    private static string[] Page() => File.ReadAllLines(Path.Combine(ReadmeTests.FindRoot(), "docs", "http-api.md"));
}
