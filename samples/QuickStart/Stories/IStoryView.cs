namespace DisasterTolerance.QuickStart.Stories;

/// <summary>Shows the story while it happens.</summary>
internal interface IStoryView
{
    /// <summary>Shows one step while it is done, with the work that the sites report.</summary>
    /// <param name="title">What is done.</param>
    /// <param name="step">Does it; is given a place to say how far it is, from 0 to 1, and what happens.</param>
    Task ShowAsync(string title, Func<Action<double, string>, Task> step);

    /// <summary>A line for the user.</summary>
    void Say(string line);

    /// <summary>Shows what came out.</summary>
    void ShowResults(IReadOnlyList<StepResult> results);
}
