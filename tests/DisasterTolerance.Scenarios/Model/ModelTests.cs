using System.Globalization;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios.Model;

/// <summary>
/// Random lives of a protected machine. <c>DISASTERTOLERANCE_MODEL_SEED</c> is the seed of the first sequence (default 1), <c>DISASTERTOLERANCE_MODEL_COUNT</c> how many follow each other
/// (default 40), <c>DISASTERTOLERANCE_MODEL_STEPS</c> how long each is (default 30). Threads are real, so a seed repeats the operations and nearly always, but not for certain, the outcome.
/// </summary>
public sealed class ModelTests
{
    private static readonly int Steps = Setting("STEPS", 30);

    public static IEnumerable<TheoryDataRow<int>> Seeds() => Enumerable.Range(Setting("SEED", 1), Setting("COUNT", 40)).Select(seed => new TheoryDataRow<int>(seed));

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task RandomLife_AnyOrderOfEvents_KeepsTheInvariants(int seed)
    {
        await using var world = await TwoSites.StartAsync(seed * 100);
        var guest = await world.ProtectAsync(world.East, disks: [new("disk0", 60_000), new("disk1", 20_001)]);
        var sequence = new Sequence(world, guest, new Random(seed));
        try
        {
            await sequence.RunAsync(Steps);
            TestContext.Current.TestOutputHelper?.WriteLine(sequence.Story);
        }
        catch (Exception e)
        {
            Assert.Fail($"Seed {seed} failed.{Environment.NewLine}{sequence.Story}{Environment.NewLine}{e.Message}{Environment.NewLine}{e}{Environment.NewLine}{world.Log.Tell()}");
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable($"DISASTERTOLERANCE_MODEL_{name}"), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
