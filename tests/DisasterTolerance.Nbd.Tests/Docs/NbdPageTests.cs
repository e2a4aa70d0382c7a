using DisasterTolerance.Nbd.Tests.Support;

namespace DisasterTolerance.Nbd.Tests.Docs;

/// <summary>The page about NBD shows an example that is compiled and does what it says.</summary>
public sealed class NbdPageTests
{
    [Fact]
    public void Page_Example_IsTheCompiledOne()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "DisasterTolerance.sln")))
        {
            root = root.Parent ?? throw new InvalidOperationException("The tests do not run inside the repository.");
        }

        var compiled = File.ReadAllLines(Path.Combine(root.FullName, "tests", "DisasterTolerance.Nbd.Tests", "Docs", "NbdExample.cs"))
            .SkipWhile(line => line.Trim() != "// <nbd>").Skip(1).TakeWhile(line => line.Trim() != "// </nbd>").Select(line => line.Length > 8 ? line[8..] : "").ToList();
        var shown = File.ReadAllLines(Path.Combine(root.FullName, "docs", "nbd.md")).SkipWhile(line => line != "```csharp").Skip(1).TakeWhile(line => line != "```").ToList();

        Assert.NotEmpty(compiled);
        Assert.Equal(compiled, shown);
    }

    [Fact]
    public async Task Example_StripedExport_CopiesTheDataOnly()
    {
        using var folder = new TestFolder();
        var export = MemoryExport.Striped(16 << 20, 1 << 20);
        using var target = new MemoryStream();

        var copied = await NbdExample.CopyAsync(folder.File("socket"), export, target, CancellationToken.None);
        target.SetLength(export.Length);

        Assert.Equal(8 << 20, copied);
        Assert.Equal(export.Content, target.ToArray());
    }
}
