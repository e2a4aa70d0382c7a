using DisasterTolerance.QuickStart.Stories;

namespace DisasterTolerance.EndToEnd;

/// <summary>Writes the story to the test's output.</summary>
internal sealed class OutputView(ITestOutputHelper output) : IStoryView
{
    public async Task ShowAsync(string title, Func<Action<double, string>, Task> step)
    {
        output.WriteLine(title);
        await step((_, _) => { });
    }

    public void Say(string line) => output.WriteLine($"    {line}");

    public void ShowResults(IReadOnlyList<StepResult> results)
    {
        foreach (var result in results)
        {
            output.WriteLine($"{(result.Succeeded ? "ok    " : "FAILED")} {result.Elapsed.TotalSeconds,6:F1} s  {result.Step}: {result.Figures}");
        }
    }
}
