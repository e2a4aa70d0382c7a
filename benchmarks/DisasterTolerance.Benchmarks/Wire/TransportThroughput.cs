using System.Diagnostics;
using System.Globalization;
using DisasterTolerance.Framing;
using DisasterTolerance.Links;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Benchmarks.Wire;

/// <summary>Frames of the size of a record over a link's connection on loopback, against the base library's TLS stream with the same bytes and no frames. One run, in turns; medians.</summary>
internal static class TransportThroughput
{
    private const int FrameBytes = 28 << 10;
    private const int Frames = 40_000;
    private const int Rounds = 7;

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("transport-").FullName;
        try
        {
            var (sender, receiver, rest) = await TlsPair.LinkAsync(folder);
            await using var closing = rest;
            using var throttle = new LinkRateLimiter(1L << 40, TimeProvider.System);
            await using var writer = new FrameStream(sender, new LinkOptions(), TimeProvider.System);
            await using var reader = new FrameStream(receiver, new LinkOptions(), TimeProvider.System);
            var (plainSender, plainReceiver) = await TlsPair.StreamsAsync();
            var (pipedSender, pipedReceiver) = await TlsPair.StreamsAsync();
            await using var plainWriter = new FrameStream(new PipedStream(pipedSender), new LinkOptions(), TimeProvider.System);
            await using var plainReader = new FrameStream(new PipedStream(pipedReceiver), new LinkOptions(), TimeProvider.System);
            Subject[] subjects =
            [
                new("TLS stream, 28 KiB writes", () => PlainAsync(plainSender, plainReceiver)),
                new("TLS stream under pipes, frames of 28 KiB", () => FramesAsync(plainWriter, plainReader)),
                new("link, frames of 28 KiB", () => FramesAsync(writer, reader)),
                new("the same under a limit that is never reached", async () =>
                {
                    sender.OutputThrottle = throttle;
                    await FramesAsync(writer, reader);
                    sender.OutputThrottle = null;
                }),
            ];
            for (var round = -1; round < Rounds; round++)
            {
                foreach (var subject in subjects)
                {
                    await subject.RunAsync(round >= 0);
                }
            }

            foreach (var subject in subjects)
            {
                subject.Tell();
            }
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    private static async Task PlainAsync(Stream sender, Stream receiver)
    {
        var reading = Task.Run(async () =>
        {
            var buffer = new byte[256 << 10];
            for (var left = (long)Frames * FrameBytes; left > 0;)
            {
                left -= await receiver.ReadAsync(buffer);
            }
        });
        var body = new byte[FrameBytes];
        for (var i = 0; i < Frames; i++)
        {
            await sender.WriteAsync(body);
        }

        await reading;
    }

    private static async Task FramesAsync(FrameStream writer, FrameStream reader)
    {
        var reading = Task.Run(async () =>
        {
            for (var i = 0; i < Frames; i++)
            {
                await reader.ReadAsync(1 << 20, default);
            }
        });
        var body = new byte[FrameBytes];
        for (var i = 0; i < Frames; i++)
        {
            await writer.WriteAsync(0x22, FrameFlags.None, 0, body, default, default, flush: false, default);
        }

        await writer.FlushAsync(default);
        await reading;
    }

    private sealed record Subject(string Name, Func<Task> Work)
    {
        private readonly List<double> _seconds = [];
        private readonly List<double> _processor = [];
        private readonly List<double> _allocated = [];

        public async Task RunAsync(bool isCounted)
        {
            var (allocated, processor, started) = (GC.GetTotalAllocatedBytes(), Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
            await Work();
            if (isCounted)
            {
                _seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
                _processor.Add((Environment.CpuUsage.TotalTime - processor).TotalSeconds);
                _allocated.Add(GC.GetTotalAllocatedBytes() - allocated);
            }
        }

        public void Tell()
        {
            var bytes = (double)Frames * FrameBytes;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{Name,-46} {bytes / Medians.Of(_seconds) / 1e6,6:0} MB/s (median of {Rounds}, {bytes / _seconds.Max() / 1e6:0} to {bytes / _seconds.Min() / 1e6:0}); processor seconds per GB {Medians.Of(_processor) * 1e9 / bytes:0.00}; {Medians.Of(_allocated) / Frames:0} bytes allocated per frame"));
        }
    }
}
