using System.Runtime.InteropServices;
using DisasterTolerance.QemuFailover;
using DisasterTolerance.QemuFailover.Guests;
using DisasterTolerance.QemuFailover.Stories;
using DisasterTolerance.QuickStart;

const int Misused = 2;
const int SomethingIsMissing = 3;

if (FailoverOptions.Read(args, out var options) is { } fault)
{
    await Console.Error.WriteLineAsync($"{fault}{Environment.NewLine}{FailoverOptions.Usage}");
    return Misused;
}

if (options.Help)
{
    Console.WriteLine(FailoverOptions.Usage);
    return 0;
}

if (!OperatingSystem.IsLinux())
{
    await Console.Error.WriteLineAsync("This sample needs Linux.");
    return SomethingIsMissing;
}

if (Tools.FindMissing() is { } missing)
{
    await Console.Error.WriteLineAsync(missing);
    return SomethingIsMissing;
}

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    var guest = await GuestBuild.RunAsync(stop.Token);
    using var workspace = Workspace.Create(options.Work, options.Keep);
    using var world = World.Create(workspace, guest);
    await new Story(world).RunAsync(stop.Token);
    Console.WriteLine($"{Environment.NewLine}Every check held.{(options.Keep ? $" Everything is left in {workspace.Root}" : "")}");
    return 0;
}
catch (StoryException error)
{
    await Console.Error.WriteLineAsync($"{Environment.NewLine}FAILED: {error.Message}");
    return 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.WriteLine("Stopped.");
    return 130;
}

void Stop(PosixSignalContext signal)
{
    // The process ends by itself when everything is cleaned up.
    signal.Cancel = true;
    stop.Cancel();
}
