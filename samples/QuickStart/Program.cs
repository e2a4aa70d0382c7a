using System.Runtime.InteropServices;
using DisasterTolerance.QuickStart;
using DisasterTolerance.QuickStart.Stories;
using DisasterTolerance.QuickStart.View;

if (args is ["--help" or "-h"])
{
    Console.WriteLine(QuickStartOptions.Usage);
    return 0;
}

if (QuickStartOptions.Read(args, out var options) is { } fault)
{
    Console.Error.WriteLine(fault);
    Console.Error.WriteLine(QuickStartOptions.Usage);
    return 2;
}

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await QuickStartRun.RunAsync(options, new ConsoleStoryView(), stop.Token);

void Stop(PosixSignalContext signal)
{
    // The process ends by itself when everything is cleaned up.
    signal.Cancel = true;
    stop.Cancel();
}
