using DisasterTolerance.HttpApi.Mapping;

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
    public void Links_Relative_LeadToFiles()
    {
        var targets = string.Join('\n', Page()).Split("](").Skip(1).Select(rest => rest[..rest.IndexOf(')', StringComparison.Ordinal)]).ToList();

        Assert.NotEmpty(targets);
        Assert.All(targets, target => Assert.True(Path.Exists(Path.Combine(ReadmeTests.FindRoot(), "docs", target)), $"'{target}' is not there."));
    }

    private static string Row(int scode, ErrorText text) => $"| {scode} | {text.HttpStatus} | {text.English} | {text.Chinese} |";

    private static string[] Page() => File.ReadAllLines(Path.Combine(ReadmeTests.FindRoot(), "docs", "http-api.md"));
}
