namespace DisasterTolerance.Sites;

/// <summary>How the engine works. Read once at the start.</summary>
public sealed class EngineOptions
{
    /// <summary>Chunk size of machines that run for the first time, in bytes: a power of two from 4,096 to 1,048,576. Default 65,536.</summary>
    public int ChunkBytes { get; set; } = 65_536;

    /// <summary>Children per tree node of machines that run for the first time: a power of two from 16 to 64. Default 64.</summary>
    public int FanOut { get; set; } = 64;

    /// <summary>Machines that are captured at the same time, 1 to 64. Default 2.</summary>
    public int ParallelCaptures { get; set; } = 2;

    /// <summary>Machines that are shipped at the same time over one link, 1 to 64. Default 2.</summary>
    public int ParallelShips { get; set; } = 2;

    /// <summary>How often the schedule is looked at: a due run starts at most this late. 100 ms to 1 min. Default 1 s.</summary>
    public TimeSpan ScheduleTick { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>A piece of work in which nothing moves for this long ends with <see cref="ErrorCode.Stalled"/>. 1 s to 1 d. Default 5 min.</summary>
    public TimeSpan ProgressDeadline { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a guest may take to shut down before it is switched off hard. Zero to 1 h. Default 2 min.</summary>
    public TimeSpan ShutdownGrace { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a guest may stay frozen while a snapshot is taken. 100 ms to 5 min. Default 10 s.</summary>
    public TimeSpan FreezeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long machines of one recovery priority may take to come up before the next priority is started. Zero to 1 d. Default 5 min.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Whether a failover starts the machine at once from this site's exports of the point and copies the data to disks of its own while it runs, where the hypervisor can
    /// (<see cref="Hypervisors.IInstantBoot"/>). If not, or where it cannot, the disks are written first. Default true.
    /// </summary>
    public bool InstantBoot { get; set; } = true;

    /// <summary>
    /// How long the copying of the disks of a machine that was started from exports waits for the first sign of life of its guest, so as not to slow its boot down, counted from the begin of the failover.
    /// Where nobody can ask the guest, the copying waits for all of it. Zero to 1 h. Default 1 min.
    /// </summary>
    public TimeSpan BootGrace { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether a disk that changed while it was read gives a point marked fuzzy instead of a failed run. Default false.</summary>
    public bool AllowFuzzyPoints { get; set; }

    /// <summary>
    /// How many chunks that a change tracker called unchanged are read and compared in every run, per disk, chosen at random; three of four hold data. One that differs: the tracker is not used any more
    /// until an operator trusts it again. At most 16 MiB per disk are read. 0 to 65,536; 0 for no check. Default 64.
    /// </summary>
    public int TrackerAuditChunks { get; set; } = 64;

    /// <summary>How long a receive session that does not go on keeps what it received. 1 h to 90 d. Default 7 d.</summary>
    public TimeSpan SessionLease { get; set; } = TimeSpan.FromDays(7);

    /// <summary>After this long without a confirmation an alert is raised. 1 min to 90 d. Default 24 h.</summary>
    public TimeSpan ConfirmationAlert { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// Whether a site that was taken over from stops its machine, if it still runs, and becomes the replica, instead of declaring a conflict. Counts at the site that yields. A site that captured a
    /// point after it was taken over declares the conflict all the same, and nothing is stopped. Default false.
    /// </summary>
    public bool FenceOnYield { get; set; }

    /// <summary>Bytes that are kept free for retention and sweep: a run that would go below is refused. Not negative. Default 64 MiB.</summary>
    public long ReserveBytes { get; set; } = 64L << 20;

    /// <summary>Time between two sweeps of the store; zero for never. At most 365 d. Default 1 d.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Time between two verifications of the store; zero for never. At most 365 d. Default 7 d.</summary>
    public TimeSpan VerifyInterval { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long a removed point is remembered, so that the peer hears of it. 1 d to 365 d. Default 30 d.</summary>
    public TimeSpan TombstoneLife { get; set; } = TimeSpan.FromDays(30);
}
