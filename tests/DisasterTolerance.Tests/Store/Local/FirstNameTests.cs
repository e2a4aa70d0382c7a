using DisasterTolerance.Store.Local;

namespace DisasterTolerance.Store.Local;

public sealed class FirstNameTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dt-first-name-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task TryTake_ManyAtOnce_OneWinsAndItsContentStays()
    {
        const int Rounds = 500;
        const int Writers = 4;
        using var barrier = new Barrier(Writers);
        var won = new bool[Rounds, Writers];
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Factory.StartNew(() =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                var temporary = Path.Combine(_directory, $"{round}.{writer}.tmp");
                File.WriteAllText(temporary, $"{writer}");
                barrier.SignalAndWait();
                won[round, writer] = FirstName.TryTake(temporary, Path.Combine(_directory, $"{round}"));
            }
        }, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        for (var round = 0; round < Rounds; round++)
        {
            var winner = Assert.Single(Enumerable.Range(0, Writers), writer => won[round, writer]);
            Assert.Equal($"{winner}", await File.ReadAllTextAsync(Path.Combine(_directory, $"{round}"), TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public void TryTake_NoSuchFolder_SaysWhy()
    {
        var temporary = Path.Combine(_directory, "a.tmp");
        File.WriteAllText(temporary, "a");
        var error = Assert.ThrowsAny<IOException>(() => FirstName.TryTake(temporary, Path.Combine(_directory, "none", "a")));
        Assert.NotEmpty(error.Message);
    }
}
