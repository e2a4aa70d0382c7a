namespace DisasterTolerance.Tests.Docs;

public class ReadmeTests
{
    [Fact]
    public void Readme_EmbeddingExample_IsTheCompiledOne() =>
        CompiledExample.AssertShown(["tests", "DisasterTolerance.Tests", "Docs", "ReadmeExample.cs"], "readme", ["README.md"]);

    [Fact]
    public void Readme_RelativeLinks_LeadToFiles()
    {
        var root = FindRoot();
        var targets = File.ReadAllText(Path.Combine(root, "README.md")).Split("](").Skip(1).Select(rest => rest[..rest.IndexOf(')', StringComparison.Ordinal)])
            .Where(target => !target.StartsWith("http", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(targets);
        Assert.All(targets, target => Assert.True(Path.Exists(Path.Combine(root, target)), $"'{target}' is not there."));
    }

    internal static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "DisasterTolerance.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests do not run inside the repository.");
        }

        return folder.FullName;
    }
}
