namespace DisasterTolerance.Scenarios.Harness;

/// <summary>The clock of one life of a site's process: may go wrong by a constant, and its timers die with the process.</summary>
internal sealed class LifeClock(TimeProvider world, TimeSpan skew) : TimeProvider
{
    private volatile bool _isDead;

    public override long TimestampFrequency => world.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public void Die() => _isDead = true;

    public override DateTimeOffset GetUtcNow() => world.GetUtcNow() + skew;

    public override long GetTimestamp() => world.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => world.CreateTimer(
        passed =>
        {
            if (!_isDead)
            {
                callback(passed);
            }
        },
        state, dueTime, period);
}
