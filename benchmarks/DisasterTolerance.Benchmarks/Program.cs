using System.Globalization;
using BenchmarkDotNet.Running;
using DisasterTolerance.Benchmarks.Nbd;
using DisasterTolerance.Benchmarks.Qemu;
using DisasterTolerance.Benchmarks.Restore;
using DisasterTolerance.Benchmarks.Wire;

// What measures several programs beside each other is none of the runner's: it has a name of its own.
switch (args)
{
    case ["nbd", .. var rest]:
        await NbdThroughput.RunAsync(rest is [var folder] ? folder : "/dev/shm");
        break;
    case ["restore", .. var rest]:
        await RestoreThroughput.RunAsync(
            rest is [var place, ..] ? place : "/dev/shm",
            rest is [_, var chunks, ..] ? int.Parse(chunks, CultureInfo.InvariantCulture) : 16_384,
            rest is [_, _, var rounds] ? int.Parse(rounds, CultureInfo.InvariantCulture) : 7);
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
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        break;
}
