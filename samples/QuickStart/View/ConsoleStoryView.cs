using System.Globalization;
using DisasterTolerance.QuickStart.Stories;
using Spectre.Console;

namespace DisasterTolerance.QuickStart.View;

/// <summary>Progress bars and a table on a terminal; plain lines where there is none.</summary>
internal sealed class ConsoleStoryView : IStoryView
{
    private readonly bool _bars = AnsiConsole.Profile.Capabilities.Interactive && AnsiConsole.Profile.Capabilities.Ansi;
    private int _steps;

    public async Task ShowAsync(string title, Func<Action<double, string>, Task> step)
    {
        var numbered = string.Create(CultureInfo.InvariantCulture, $"{++_steps,2}. {title}");
        if (!_bars)
        {
            Console.WriteLine(numbered);
            await step((_, _) => { });
            return;
        }

        await AnsiConsole.Progress()
            .Columns(new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(Markup.Escape(numbered), maxValue: 1);
                task.IsIndeterminate = true;
                await step((share, text) =>
                {
                    task.IsIndeterminate = false;
                    task.Value = Math.Clamp(share, 0, 1);
                    task.Description = Markup.Escape($"{numbered}  {text}");
                });
                task.IsIndeterminate = false;
                task.Description = Markup.Escape(numbered);
                task.Value = 1;
            });
    }

    public void Say(string line) => Console.WriteLine($"    {line}");

    public void ShowResults(IReadOnlyList<StepResult> results) => ReportTable.Write(results);
}
