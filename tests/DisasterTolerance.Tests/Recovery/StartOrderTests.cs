using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;

namespace DisasterTolerance.Tests.Recovery;

public sealed class StartOrderTests
{
    [Fact]
    public void Levels_Mixed_HighFirstAndByName()
    {
        var levels = StartOrder.Levels(
        [
            Rows.Machine(4) with { Priority = RecoveryPriority.Low },
            Rows.Machine(3) with { Priority = RecoveryPriority.High },
            Rows.Machine(1) with { Priority = RecoveryPriority.High },
        ]);
        Assert.Equal([RecoveryPriority.High, RecoveryPriority.Low], levels.Select(level => level.Priority));
        Assert.Equal(["vm1", "vm3"], levels[0].Machines.Select(machine => machine.Name));
    }

    [Fact]
    public void Levels_None_IsEmpty() => Assert.Empty(StartOrder.Levels([]));

    [Theory]
    [InlineData((int)StartProgress.Up, 0, true)]
    [InlineData((int)StartProgress.Failed, 0, true)]
    [InlineData((int)StartProgress.Starting, 59, false)]
    [InlineData((int)StartProgress.Starting, 60, true)]
    public void IsSettled_UpFailedOrLate_GoesOn(int second, int seconds, bool expected) => Assert.Equal(
        expected, StartOrder.IsSettled([StartProgress.Up, (StartProgress)second], Rows.Now, Rows.Now.AddSeconds(seconds), TimeSpan.FromSeconds(60)));
}
