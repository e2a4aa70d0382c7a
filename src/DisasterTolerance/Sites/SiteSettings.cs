using DisasterTolerance.Exports;
using DisasterTolerance.Links;
using DisasterTolerance.Plans;
using DisasterTolerance.Retention;
using DisasterTolerance.Store;

namespace DisasterTolerance.Sites;

/// <summary>All options of a site together, checked together. Immutable once the site has started.</summary>
internal sealed record SiteSettings(
    SiteOptions Site, EngineOptions Engine, RetentionOptions Retention, StoreOptions Store, LinkOptions Link, PlanLimits Plans, ExportOptions Exports, IReadOnlyList<PeerOptions> Peers, IReadOnlyList<string> Hypervisors)
{
    private const int LongestHypervisorName = 64;

    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.InvalidArgument"/> with all faults at once.</exception>
    public void Demand()
    {
        var faults = FindFaults().ToList();
        if (faults.Count > 0)
        {
            throw new DisasterToleranceException(
                ErrorCode.InvalidArgument, $"The site's options are not valid. Correct them and start again:{Environment.NewLine}{string.Join(Environment.NewLine, faults.Select(f => "- " + f))}");
        }
    }

    private IEnumerable<string> FindFaults() =>
        [.. SiteFaults(), .. HypervisorFaults(), .. EngineFaults(), .. RetentionFaults(), .. StoreFaults(), .. PlanFaults(), .. ExportFaults(), .. LinkOptionsRules.Check(Site.Uuid, Link, Peers)];

    private IEnumerable<string> SiteFaults()
    {
        if (Site.Uuid == Guid.Empty)
        {
            yield return "Site:Uuid is missing. Give the site a uuid of its own and never change it.";
        }

        if (Site.Name.Length is 0 or > 256 || Site.Name.Any(char.IsControl))
        {
            yield return "Site:Name must have 1 to 256 characters and no control characters.";
        }

        if (Site.DataDirectory.Length == 0)
        {
            yield return "Site:DataDirectory is missing. Name the directory where the site keeps its files.";
        }
    }

    private IEnumerable<string> HypervisorFaults()
    {
        foreach (var name in Hypervisors.Where(name => name.Length > LongestHypervisorName || name.Any(char.IsControl)))
        {
            yield return $"The hypervisor name '{PlanTexts.Shown(name)}' must have 1 to {LongestHypervisorName} characters and no control characters.";
        }

        foreach (var name in Hypervisors.GroupBy(name => name, StringComparer.Ordinal).Where(names => names.Count() > 1).Select(names => names.Key))
        {
            yield return $"The hypervisor name '{PlanTexts.Shown(name)}' is given more than once. Give each hypervisor a name of its own.";
        }
    }

    private IEnumerable<string> EngineFaults()
    {
        var e = Engine;
        var geometry = Chunking.ChunkGeometry.IsAllowed(e.ChunkBytes, e.FanOut);
        return Select(
            (!geometry, $"Engine:ChunkBytes {e.ChunkBytes} with Engine:FanOut {e.FanOut}: powers of two from 4,096 to 1,048,576 and from 16 to 64 are allowed."),
            (e.ParallelCaptures is < 1 or > 64, "Engine:ParallelCaptures must be 1 to 64."),
            (e.ParallelShips is < 1 or > 64, "Engine:ParallelShips must be 1 to 64."),
            (e.TrackerAuditChunks is < 0 or > 65_536, "Engine:TrackerAuditChunks must be 0 to 65,536."),
            (e.ReserveBytes < 0, "Engine:ReserveBytes must not be negative."))
            .Concat(Range(e.ProgressDeadline, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), "Engine:ProgressDeadline"))
            .Concat(Range(e.ScheduleTick, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), "Engine:ScheduleTick"))
            .Concat(Range(e.ShutdownGrace, TimeSpan.Zero, TimeSpan.FromHours(1), "Engine:ShutdownGrace"))
            .Concat(Range(e.FreezeTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5), "Engine:FreezeTimeout"))
            .Concat(Range(e.StartTimeout, TimeSpan.Zero, TimeSpan.FromDays(1), "Engine:StartTimeout"))
            .Concat(Range(e.BootGrace, TimeSpan.Zero, TimeSpan.FromHours(1), "Engine:BootGrace"))
            .Concat(Range(e.SessionLease, TimeSpan.FromHours(1), TimeSpan.FromDays(90), "Engine:SessionLease"))
            .Concat(Range(e.ConfirmationAlert, TimeSpan.FromMinutes(1), TimeSpan.FromDays(90), "Engine:ConfirmationAlert"))
            .Concat(Range(e.SweepInterval, TimeSpan.Zero, TimeSpan.FromDays(365), "Engine:SweepInterval"))
            .Concat(Range(e.VerifyInterval, TimeSpan.Zero, TimeSpan.FromDays(365), "Engine:VerifyInterval"))
            .Concat(Range(e.TombstoneLife, TimeSpan.FromDays(1), TimeSpan.FromDays(365), "Engine:TombstoneLife"));
    }

    private IEnumerable<string> RetentionFaults() => Select(
        (Retention.FloorPoints < 1, "Retention:FloorPoints must be at least 1."),
        (Retention.FloorAge < TimeSpan.Zero, "Retention:FloorAge must not be negative."),
        (Retention.GracePeriod < TimeSpan.Zero, "Retention:GracePeriod must not be negative."),
        (Retention.LargestSkew < TimeSpan.Zero, "Retention:LargestSkew must not be negative."));

    private IEnumerable<string> PlanFaults() => Select(
        (Plans.MachinesPerPlan < 1, "Plans:MachinesPerPlan must be at least 1."),
        (Plans.NameLength < 1, "Plans:NameLength must be at least 1."),
        (Plans.TextLength < 1, "Plans:TextLength must be at least 1."),
        (Plans.LargestReserveCount < 1, "Plans:LargestReserveCount must be at least 1."),
        (Plans.ShortestInterval <= TimeSpan.Zero, "Plans:ShortestInterval must be positive."),
        (Plans.LongestTime < Plans.ShortestInterval, "Plans:LongestTime must not be shorter than Plans:ShortestInterval."));

    private IEnumerable<string> StoreFaults() => StoreRules.Problems(Store).Select(fault => "Store:" + fault);

    private IEnumerable<string> ExportFaults() => ExportPlaces.Problems(Exports).Select(fault => "Exports:" + fault);

    private static IEnumerable<string> Select(params (bool Wrong, string Fault)[] checks) => checks.Where(c => c.Wrong).Select(c => c.Fault);

    private static IEnumerable<string> Range(TimeSpan value, TimeSpan least, TimeSpan most, string name) =>
        value < least || value > most ? [$"{name} is {value}; it must be {least} to {most}."] : [];
}
