using System.Diagnostics;
using DisasterTolerance.Links;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Benchmarks.Links;

/// <summary>Sessions that send frames of 64 KiB as fast as they may, over TLS on loopback, all under one limit as those of a link are.</summary>
internal sealed class LimitedSessions : IAsyncDisposable
{
    private const int FrameBytes = 64 * 1024;

    private readonly LoopbackLink _link = new();
    private readonly List<DataPair> _pairs = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _body = new byte[FrameBytes];
    private readonly long _ownPace;
    private Task _running = Task.CompletedTask;

    private LimitedSessions(long bytesPerSecond, long ownPace)
    {
        Limiter = new LinkRateLimiter(bytesPerSecond, TimeProvider.System);
        _ownPace = ownPace;
    }

    public LinkRateLimiter Limiter { get; }

    /// <summary>Bytes that came out of the receiving sockets, TLS records included.</summary>
    public long BytesReceived => _pairs.Sum(pair => pair.ReceivingConnection.BytesRead);

    /// <summary>Starts sessions.</summary>
    /// <param name="sessions">How many.</param>
    /// <param name="bytesPerSecond">The limit of all together, or −1 for none.</param>
    /// <param name="ownPace">Without a limit: bytes per second that a session sends of itself; 0 for as many as go.</param>
    public static async Task<LimitedSessions> StartAsync(int sessions, long bytesPerSecond, long ownPace = 0)
    {
        var started = new LimitedSessions(bytesPerSecond, ownPace);
        new Random(1).NextBytes(started._body);
        for (var i = 0; i < sessions; i++)
        {
            var pair = await started._link.OpenAsync(LinkMedium.Tls);
            pair.SendingConnection.OutputThrottle = bytesPerSecond == LinkRateLimiter.Unlimited ? null : started.Limiter;
            started._pairs.Add(pair);
        }

        started._running = Task.WhenAll(started._pairs.SelectMany(pair => (Task[])[Task.Run(() => started.SendAsync(pair)), Task.Run(() => ReceiveAsync(pair))]));
        return started;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Limiter.SetLimit(LinkRateLimiter.Unlimited);
        await _running;
        await _link.DisposeAsync();
        Limiter.Dispose();
        _stop.Dispose();
    }

    private static async Task ReceiveAsync(DataPair pair)
    {
        while (await pair.Receiving.ReadAsync(default) is not null)
        {
        }
    }

    private async Task SendAsync(DataPair pair)
    {
        var watch = Stopwatch.StartNew();
        long sent = 0;
        while (!_stop.IsCancellationRequested)
        {
            await pair.Sending.WriteAsync(DataFrameType.Record, default, _body, default);
            sent += FrameBytes;
            if (_ownPace > 0 && sent > watch.Elapsed.TotalSeconds * _ownPace)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(2));
            }
        }

        await pair.Sending.CompleteAsync(default);
    }
}
