using System.Globalization;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.EndToEnd;

/// <summary>Kill -9 of either site at any time, then its start, ends in the same result.</summary>
[Collection(nameof(WholeMachine))]
public class KillTests(ITestOutputHelper output)
{
    private const int Kills = 20;
    private const int MostRounds = 40;

    [Fact]
    public async Task Story_SiteKilledAtRandomMoments_EndsInTheSameResult()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var seed = Environment.GetEnvironmentVariable("DT_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next();
        output.WriteLine($"Seed {seed} (set DT_SEED to repeat).");
        var random = new Random(seed);
        var length = await StoryRound.RunAsync(output, (_, _) => Task.CompletedTask, cancellationToken);
        var kills = 0;
        for (var round = 0; kills < Kills && round < MostRounds; round++)
        {
            var (moment, victim) = (length * random.NextDouble(), random.Next(2));
            var about = $"Seed {seed}, round {round}: site {victim} is killed after {moment.TotalSeconds:F2} s.";
            output.WriteLine(about);
            try
            {
                length = await StoryRound.RunAsync(
                    output, async (sites, over) => kills += await KillAsync(sites, victim, moment, over) ? 1 : 0, cancellationToken);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                Assert.Fail($"{about} {error}");
            }
        }

        Assert.Equal(Kills, kills);
    }

    /// <returns>False if the story was over before the moment came.</returns>
    private static async Task<bool> KillAsync(IReadOnlyList<SiteProcess> sites, int victim, TimeSpan moment, CancellationToken over)
    {
        try
        {
            await UntilRunningAsync(sites, over);
            await Task.Delay(moment, over);

            // While the story itself has it switched off, the moment is put off.
            await UntilRunningAsync([sites[victim]], over);
            sites[victim].Kill(forGood: false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task UntilRunningAsync(IReadOnlyList<SiteProcess> sites, CancellationToken cancellationToken)
    {
        while (!sites.All(site => site.IsRunning))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }
}
