namespace DisasterTolerance.Tests;

/// <summary>Waits for something that another thread does; the limit only ends a hang.</summary>
internal static class Wait
{
    public static async Task Until(Func<bool> reached, int hangSeconds = 60)
    {
        using var hang = new CancellationTokenSource(TimeSpan.FromSeconds(hangSeconds));
        while (!reached())
        {
            await Task.Delay(5, hang.Token);
        }
    }
}
