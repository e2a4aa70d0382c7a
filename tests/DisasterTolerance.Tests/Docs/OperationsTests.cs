using System.Text.RegularExpressions;
using DisasterTolerance.Tests.Architecture;

namespace DisasterTolerance.Tests.Docs;

/// <summary>docs/operations.md quotes what the code says.</summary>
public sealed partial class OperationsTests
{
    private static readonly string[] Packages = ["DisasterTolerance", "DisasterTolerance.Abstractions", "DisasterTolerance.Sqlite", "DisasterTolerance.Qemu"];

    [Fact]
    public void Operations_EverySymptom_IsInTheCode()
    {
        var code = string.Concat(Packages.SelectMany(package => Directory.EnumerateFiles(Path.Combine(Repository.Root, "src", package), "*.cs", SearchOption.AllDirectories)).Select(File.ReadAllText));
        var symptoms = File.ReadLines(Path.Combine(Repository.Root, "docs", "operations.md"))
            .SkipWhile(line => !line.StartsWith("| symptom", StringComparison.Ordinal))
            .TakeWhile(line => !line.StartsWith("## Limits", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Split('|')[1])
            .SelectMany(cell => Quoted().Matches(cell).Select(match => match.Groups[1].Value))
            .ToList();

        Assert.True(symptoms.Count > 30, $"{symptoms.Count} symptoms were found.");
        Assert.All(symptoms, symptom => Assert.Contains(symptom, code, StringComparison.Ordinal));
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
