namespace DisasterTolerance;

/// <summary>
/// One running site: start and stop it, hear its events. A generic host starts and stops it by itself; without one, resolve it and call <see cref="StartAsync"/>. Thread-safe.
/// </summary>
public interface IDisasterToleranceSite
{
    /// <summary>The site's uuid.</summary>
    Guid Uuid { get; }

    /// <summary>Opens the store and the catalog, takes up unfinished work, listens for peers and starts the schedule. Started already: no effect.</summary>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="DisasterToleranceException">Why the site cannot start.</exception>
    Task StartAsync(CancellationToken cancellationToken = default);

    /// <summary>Ends all work where it can be taken up again and closes everything. Stopped already: no effect.</summary>
    /// <param name="cancellationToken">Makes the stop less patient.</param>
    Task StopAsync(CancellationToken cancellationToken = default);

    /// <summary>Events from now on. A reader that falls 1,000 events behind loses the oldest and is told how many by <see cref="SiteEvent.Missed"/>.</summary>
    /// <param name="cancellationToken">Ends the subscription.</param>
    IAsyncEnumerable<SiteEvent> ReadEventsAsync(CancellationToken cancellationToken = default);
}

/// <summary>Something that happened at a site. Immutable.</summary>
/// <param name="Kind">What.</param>
/// <param name="At">When.</param>
/// <param name="Machine">Uuid of the protected object concerned; null if none.</param>
/// <param name="Plan">Uuid of the plan concerned; null if none.</param>
/// <param name="Message">For people.</param>
/// <param name="Missed">Events that this reader lost just before this one.</param>
public sealed record SiteEvent(SiteEventKind Kind, DateTimeOffset At, Guid? Machine, Guid? Plan, string Message, int Missed = 0);

/// <summary>Kinds of events.</summary>
public enum SiteEventKind
{
    /// <summary>A recovery point was committed in this site's store.</summary>
    PointCommitted = 0,
    /// <summary>A run failed, or this site was taken over from and cannot become the replica yet.</summary>
    RunFailed = 1,
    /// <summary>A machine's RPO is missed.</summary>
    RpoMissed = 2,
    /// <summary>A machine's RPO is met again.</summary>
    RpoMet = 3,
    /// <summary>Two owners.</summary>
    Conflict = 4,
    /// <summary>Stored data is damaged.</summary>
    Damage = 5,
    /// <summary>The store gets full.</summary>
    LowSpace = 6,
    /// <summary>A link came up.</summary>
    LinkUp = 7,
    /// <summary>A link went down.</summary>
    LinkDown = 8,
    /// <summary>The owner of a machine changed.</summary>
    OwnerChanged = 9,
    /// <summary>A migration or failover waits for its confirmation for too long.</summary>
    ConfirmationOverdue = 10,
    /// <summary>The site is unsure, or sure again.</summary>
    Unsure = 11,
    /// <summary>A plan was added, edited, deleted or switched off.</summary>
    PlanChanged = 12,
    /// <summary>A machine that was started from exports has all its data on disks of its own.</summary>
    DisksPulled = 13,
    /// <summary>The data of a machine that was started from exports could not be copied to disks of its own. It runs on, and it is tried again. Told once per cause.</summary>
    PullFailed = 14,
    /// <summary>The guest of a machine that was brought up here answered for the first time.</summary>
    SignOfLife = 15,
    /// <summary>A change tracker called unchanged what had changed: it is not used any more until an operator trusts it again, and older points that it helped to make may lack changes.</summary>
    TrackerDistrusted = 16,
}
