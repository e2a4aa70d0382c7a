namespace DisasterTolerance.Tests.Docs;

/// <summary>An example between markers of a source file, which a page has to show as one of its C# blocks.</summary>
internal static class CompiledExample
{
    private const int Longest = 30;

    public static void AssertShown(string[] source, string marker, string[] page)
    {
        var root = ReadmeTests.FindRoot();
        var compiled = File.ReadAllLines(Path.Combine([root, .. source]))
            .SkipWhile(line => line.Trim() != $"// <{marker}>").Skip(1).TakeWhile(line => line.Trim() != $"// </{marker}>")
            .Select(line => line.Length > 8 ? line[8..] : "").ToList();
        var rest = File.ReadAllLines(Path.Combine([root, .. page])).SkipWhile(line => line != "```csharp").ToList();
        var blocks = rest.Index().Where(line => line.Item == "```csharp").Select(line => rest.Skip(line.Index + 1).TakeWhile(text => text != "```").ToList()).ToList();

        Assert.NotEmpty(compiled);
        Assert.True(compiled.Count <= Longest, "The example is to stay short.");
        Assert.Equal(compiled, blocks.FirstOrDefault(block => block.FirstOrDefault() == compiled[0]) ?? blocks.FirstOrDefault() ?? []);
    }
}
