using DisasterTolerance.Qemu.Blocks;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>
/// How fast a snapshot is read while its guest writes. From time to time QEMU is asked how long writes of the guest take; above the target the pause between reads grows, below it it shrinks. Thread-safe.
/// </summary>
internal sealed class ReadPace(QemuOptions options)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private BlockHost? _host;
    private GuestWrites _last;
    private TimeSpan _pausePerMegabyte;
    private long _lookedAt;

    /// <summary>Begins to watch a guest. Without it reading is never slowed down.</summary>
    public void Watch(BlockHost host) => _host = options.WriteLatencyTarget > TimeSpan.Zero ? host : null;

    /// <summary>Waits before a read, if the guest needs it.</summary>
    public async ValueTask WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        if (_host is null)
        {
            return;
        }

        if (IsTimeToLook())
        {
            await LookAsync(_host, cancellationToken).ConfigureAwait(false);
        }

        var pause = _pausePerMegabyte * (bytes / (double)(1 << 20));
        if (pause > TimeSpan.FromMilliseconds(1))
        {
            await Task.Delay(pause, options.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private bool IsTimeToLook()
    {
        lock (_lock)
        {
            if (_lookedAt != 0 && options.Time.GetElapsedTime(_lookedAt) < LookEvery)
            {
                return false;
            }

            _lookedAt = options.Time.GetTimestamp();
            return true;
        }
    }

    private async ValueTask LookAsync(BlockHost host, CancellationToken cancellationToken)
    {
        var stats = await host.ExecuteAsync("query-blockstats", null, cancellationToken).ConfigureAwait(false);
        var now = GuestWrites.From(stats);
        var pause = PaceRules.Next(_pausePerMegabyte, now - _last, options.WriteLatencyTarget);
        (_last, _pausePerMegabyte) = (now, pause);
    }
}
