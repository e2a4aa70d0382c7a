using System.Runtime.InteropServices;
using DisasterTolerance.Compare;
using DisasterTolerance.Compare.Floor;
using DisasterTolerance.Compare.Peers;
using DisasterTolerance.Compare.Report;

if (args is [FloorProgram.Name, var store, var image])
{
    return FloorProgram.Run(store, image);
}

CommandOptions options;
try
{
    options = CommandOptions.Parse(args);
}
catch (Exception error) when (error is ArgumentException or FormatException)
{
    Console.Error.WriteLine(error.Message);
    return 2;
}

if (options.ReportOnly)
{
    (Results.TryRead(options.Out) ?? throw new FileNotFoundException($"There are no results in '{options.Out}'.")).Write(options.Out);
    return 0;
}

using var ended = new CancellationTokenSource();
Console.CancelKeyPress += (_, cancel) =>
{
    cancel.Cancel = true;
    ended.Cancel();
};
if (!PrivateNetwork.IsInside)
{
    await PeerInstallation.PrepareAsync(options, ended.Token);
}

if (PrivateNetwork.TryEnter(args) is { } code)
{
    return code;
}

// What runs must not go on when this ends.
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
{
    signal.Cancel = true;
    ended.Cancel();
});
if (options.Profile)
{
    Profile.NameFunctions();
}

try
{
    var kinds = PeerInstallation.Present(options);
    SpaceCheck.Demand(options);
    Console.WriteLine("Making the disk.");
    var disk = await LiveDisk.MakeAsync(options.Work, options, ended.Token);
    var surroundings = Surroundings.Read(options.Work);
    var run = new ComparisonRun(options, disk, kinds, Console.WriteLine);
    await run.RunAsync(ended.Token);
    if (!options.Profile)
    {
        Results.Join(options.Append ? Results.TryRead(options.Out) : null, surroundings, disk.Facts, run).Write(options.Out);
        Console.WriteLine(File.ReadAllText(Path.Combine(options.Out, "table.md")));
    }

    return run.Failures.Count == 0 ? 0 : 1;
}
catch (OperationCanceledException) when (ended.IsCancellationRequested)
{
    Console.WriteLine("Ended before all was measured; no results were written.");
    return 130;
}
finally
{
    if (!options.Keep && Directory.Exists(options.Work))
    {
        Directory.Delete(options.Work, true);
    }
}
