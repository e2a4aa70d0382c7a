using DisasterTolerance.Tests.Architecture;

namespace DisasterTolerance.Tests.HttpApi;

/// <summary>The document that is committed, so that a change of the routes shows in review and nobody needs a host to read it.</summary>
public class OpenApiCopyTests
{
    private const string Renew = "DISASTERTOLERANCE_RENEW_OPENAPI";

    private static readonly string Path = System.IO.Path.Combine(Repository.Root, "docs", "openapi.json");

    [Fact]
    public async Task Copy_OfTheServedDocument_IsTheSame()
    {
        var served = await OpenApiText.ReadAsync();
        if (Environment.GetEnvironmentVariable(Renew) == "1")
        {
            await File.WriteAllTextAsync(Path, served, TestContext.Current.CancellationToken);
        }

        var copy = File.Exists(Path) ? await File.ReadAllTextAsync(Path, TestContext.Current.CancellationToken) : "";

        Assert.True(
            served == copy.ReplaceLineEndings("\n"),
            $"docs/openapi.json is not what the host serves, first in line {FirstDifference(served, copy)}. If the change is meant, run this test once with {Renew}=1 and commit the file.");
    }

    private static int FirstDifference(string served, string copy) =>
        served.Split('\n').Zip(copy.ReplaceLineEndings("\n").Split('\n')).TakeWhile(lines => lines.First == lines.Second).Count() + 1;
}
