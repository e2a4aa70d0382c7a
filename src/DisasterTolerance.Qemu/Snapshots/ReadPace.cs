using DisasterTolerance.Qemu.Blocks;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>
/// How fast a snapshot is read while its guest writes: reading works for a while and rests for a while, and QEMU's counters of the guest's writes before and after each rest say how long. Thread-safe.
/// </summary>
internal sealed class ReadPace(QemuOptions options)
{
    // Long enough to count some hundred writes, short enough that a guest with a time limit of its own sees no gap.
    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(150);

    private readonly Lock _lock = new();
    private readonly PaceTargets _targets = new(options.WriteLatencyTarget, options.WriteSlowdownTarget);
    private BlockHost? _host;
    private Task? _rest;
    private long _began;
    private GuestWrites _last;
    private GuestWrites _working;
    private GuestWrites _resting;

    /// <summary>Begins to watch a guest. Without it reading is never slowed down.</summary>
    public async ValueTask WatchAsync(BlockHost host, CancellationToken cancellationToken)
    {
        if (!_targets.AreOff)
        {
            _began = options.Time.GetTimestamp();
            _last = await CountAsync(host, cancellationToken).ConfigureAwait(false);
            _host = host;
        }
    }

    /// <summary>Waits before a read, if the guest is to be left alone now.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        Task? rest = null;
        lock (_lock)
        {
            if (_host is { } host)
            {
                _rest ??= Now() - _last.Over >= Work ? RestAsync(host) : null;
                rest = _rest;
            }
        }

        if (rest is not null)
        {
            await rest.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    // All readers rest together, and one of them that gives up must not end it for the others.
    private async Task RestAsync(BlockHost host)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            var worked = await CountAsync(host, CancellationToken.None).ConfigureAwait(false);
            var seen = worked - _last;
            (_last, _working) = (worked, _working.With(seen));
            var rest = PaceRules.Rest(Work, _working, _resting, _targets);
            if (rest > TimeSpan.Zero)
            {
                await Task.Delay(rest, options.Time).ConfigureAwait(false);
                var rested = await CountAsync(host, CancellationToken.None).ConfigureAwait(false);
                (_last, _resting) = (rested, _resting.With(rested - worked));
            }
        }
        finally
        {
            lock (_lock)
            {
                _rest = null;
            }
        }
    }

    private async ValueTask<GuestWrites> CountAsync(BlockHost host, CancellationToken cancellationToken)
    {
        var stats = await host.ExecuteAsync("query-blockstats", null, cancellationToken).ConfigureAwait(false);
        return GuestWrites.From(stats, Now());
    }

    private TimeSpan Now() => options.Time.GetElapsedTime(_began);
}
