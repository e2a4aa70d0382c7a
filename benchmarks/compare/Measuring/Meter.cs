using System.Diagnostics;

namespace DisasterTolerance.Compare.Measuring;

/// <summary>Measures what the processes of a group do: time, processor time, memory, bytes on the loopback interface.</summary>
internal sealed class Meter(ProcessGroup processes)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    public async Task<Measurement> MeasureAsync(string subject, Row row, Func<Task> work)
    {
        using var ended = new CancellationTokenSource();
        var memory = PeakAsync(ended.Token);
        var (busy, processor, wire, started) = (MachineLoad.BusySeconds(), ProcessorSeconds(), LoopbackCounter.SentBytes(), Stopwatch.GetTimestamp());
        await work();
        var measurement = new Measurement
        {
            Subject = subject,
            Row = row,
            Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds,
            ProcessorSeconds = ProcessorSeconds() - processor,
            WireBytes = LoopbackCounter.SentBytes() - wire,
            PeakBytes = 0,
        };
        var others = (MachineLoad.BusySeconds() - busy - measurement.ProcessorSeconds) / (measurement.Seconds * Environment.ProcessorCount);
        await ended.CancelAsync();
        return measurement with { PeakBytes = await memory, OtherShare = Math.Clamp(others, 0, 1) };
    }

    private double ProcessorSeconds() =>
        processes.Group?.ProcessorSeconds ?? ProcessTable.Descendants().Sum(ProcessTable.ProcessorSeconds) + ProcessTable.EndedChildrenSeconds();

    private async Task<long> PeakAsync(CancellationToken ended)
    {
        long peak = 0;
        using var timer = new PeriodicTimer(Pace);
        try
        {
            while (await timer.WaitForNextTickAsync(ended))
            {
                peak = Math.Max(peak, (processes.Group?.Processes ?? ProcessTable.Descendants()).Sum(ProcessTable.PrivateBytes));
            }
        }
        catch (OperationCanceledException)
        {
            // The work is done.
        }

        return peak;
    }
}
