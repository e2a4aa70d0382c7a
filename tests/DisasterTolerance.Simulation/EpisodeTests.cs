using System.Globalization;
using DisasterTolerance.Simulation.Command;
using DisasterTolerance.Simulation.Plants;

namespace DisasterTolerance.Simulation;

/// <summary>
/// Short form of the simulation. Each test runs the command of this project in processes of their own, because a world needs a thread pool with exactly one thread. The long form:
/// <c>dotnet run -c Release --project tests/DisasterTolerance.Simulation -- --episodes 20000 --seed 1 --jobs 2</c>.
/// </summary>
public sealed class EpisodeTests
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(15);

    public static IEnumerable<TheoryDataRow<string>> Plants() => PlantList.All.Select(plant => new TheoryDataRow<string>(plant.Name));

    [Fact]
    public async Task Episodes_FirstSeeds_EverythingHolds()
    {
        var halves = await Task.WhenAll(RunAsync(1, 125), RunAsync(126, 125));
        Assert.All(halves, half => Assert.True(half.ExitCode == 0, half.Output));
    }

    [Fact]
    public async Task Episode_RunTwice_MakesTheSameCallsAtTheSameTimes()
    {
        var (exitCode, output) = await RunAsync(1, 50, "--twice");
        Assert.True(exitCode == 0, output);
        Assert.Contains("50 of 50 seeds repeated themselves", output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Plants))]
    public async Task Episodes_MistakeIsPlanted_IsFoundWithinThoseThatHoldWithoutIt(string plant)
    {
        var (exitCode, output) = await RunAsync(1, 250, "--plant", plant);
        Assert.True(exitCode == 1, output);
        Assert.Contains("FAILED, seed ", output, StringComparison.Ordinal);
        Assert.Contains($"--plant {plant}", output, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(int seed, int episodes, params string[] more)
    {
        string[] args = ["--episodes", episodes.ToString(CultureInfo.InvariantCulture), "--seed", seed.ToString(CultureInfo.InvariantCulture), .. more];
        Assert.True(CommandLine.TryParse(args, out var line, out var fault), fault);
        using var child = Children.Start(line, seed, episodes, keepsOutput: true);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(HangLimit);
        try
        {
            var output = await child.StandardOutput.ReadToEndAsync(limit.Token);
            await child.WaitForExitAsync(limit.Token);
            return (child.ExitCode, output);
        }
        finally
        {
            if (!child.HasExited)
            {
                child.Kill();
            }
        }
    }
}
