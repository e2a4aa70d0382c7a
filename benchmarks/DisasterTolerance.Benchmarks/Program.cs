using System.Globalization;
using BenchmarkDotNet.Running;
using DisasterTolerance.Benchmarks.Gate;
using DisasterTolerance.Benchmarks.Links;
using DisasterTolerance.Benchmarks.Nbd;
using DisasterTolerance.Benchmarks.Patches;
using DisasterTolerance.Benchmarks.Qemu;
using DisasterTolerance.Benchmarks.Restore;
using DisasterTolerance.Benchmarks.Store;
using DisasterTolerance.Benchmarks.Wire;

// What measures several programs beside each other is none of the runner's: it has a name of its own.
switch (args)
{
    case ["allocations"]:
        return AllocationsCommand.Run(write: false);
    case ["allocations", "--write"]:
        return AllocationsCommand.Run(write: true);
    case ["index", .. var rest]:
        IndexCommand.Run(
            rest is [var records, ..] ? int.Parse(records, CultureInfo.InvariantCulture) : 20_000_000,
            rest is [_, var mebibytes, ..] ? int.Parse(mebibytes, CultureInfo.InvariantCulture) : DisasterTolerance.Store.PagedChunkIndex.DefaultCacheBytes >> 20,
            rest is [_, _, var where] ? where : Path.GetTempPath());
        break;
    case ["limit"]:
        await LimitCommand.RunAsync();
        break;
    case ["limit-cost"]:
        await LimitCommand.RunCostAsync();
        break;
    case ["nbd", .. var rest]:
        await NbdThroughput.RunAsync(rest is [var folder] ? folder : "/dev/shm");
        break;
    case ["restore", .. var rest]:
        await RestoreThroughput.RunAsync(
            rest is [var place, ..] ? place : "/dev/shm",
            rest is [_, var chunks, ..] ? int.Parse(chunks, CultureInfo.InvariantCulture) : 16_384,
            rest is [_, _, var rounds] ? int.Parse(rounds, CultureInfo.InvariantCulture) : 7);
        break;
    case ["patches", .. var rest]:
        await PatchCommand.RunAsync(rest is [var store, ..] ? store : "/dev/shm", rest is [_, var image] ? image : null);
        break;
    case ["transport"]:
        await TransportThroughput.RunAsync();
        break;
    case ["qemu-boot"] when OperatingSystem.IsLinux():
        await BootCommand.RunAsync();
        break;
    case ["qemu-slowdown"] when OperatingSystem.IsLinux():
        await SlowdownCommand.RunAsync();
        break;
    case ["qemu-rpo", .. var rest] when OperatingSystem.IsLinux():
        await RpoCommand.RunAsync(TimeSpan.FromMinutes(rest is [var minutes] ? double.Parse(minutes, CultureInfo.InvariantCulture) : 10));
        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        break;
}

return 0;
