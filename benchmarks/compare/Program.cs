using System.Globalization;
using DisasterTolerance.Compare;
using DisasterTolerance.Compare.Floor;
using DisasterTolerance.Compare.Subjects;

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

if (PrivateNetwork.TryEnter(args) is { } code)
{
    return code;
}

using var ended = new CancellationTokenSource();
Console.CancelKeyPress += (_, cancel) =>
{
    cancel.Cancel = true;
    ended.Cancel();
};
var kinds = SubjectCatalog.Kinds.Where(kind => options.Wants(kind.Name)).ToArray();
try
{
    Console.WriteLine("Making the disk.");
    var disk = await LiveDisk.MakeAsync(options.Work, options, ended.Token);
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{disk.Facts.DiskBytes >> 20} MiB, {disk.Facts.DataBytes / 1e6:0} MB of data. Scattered: {disk.Facts.Scattered}. Day: {disk.Facts.Day}, {100.0 * disk.Facts.Day.Chunks * DiskImage.ChunkBytes / disk.Facts.DataBytes:0.0} % of chunks, {100.0 * disk.Facts.Day.Blocks * DiskImage.BlockBytes / disk.Facts.DataBytes:0.0} % of blocks."));
    var run = new ComparisonRun(options, disk, kinds, Console.WriteLine);
    await run.RunAsync(ended.Token);
    return run.Failures.Count == 0 ? 0 : 1;
}
finally
{
    if (!options.Keep)
    {
        Directory.Delete(options.Work, true);
    }
}
