using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Links;

/// <summary>What a peer may say. Everything that comes from it is judged here before anything of it is stored; null if it may be, else why not.</summary>
internal static class FactsRules
{
    /// <summary>Versions, epochs and sequences beyond this are made up: nothing counts that far, and sums of them must not overflow.</summary>
    public const long LargestNumber = 1L << 53;

    private const int NameLength = 256;
    public const int TextLength = 4096;
    private const int Forks = 10_000;
    private const int Addresses = 256;

    public static string? Check(PlanContent content, Guid plan, Guid site, Guid peer, PlanLimits limits)
    {
        var row = content.Plan;
        if (row.Uuid != plan)
        {
            return "another plan was asked for";
        }

        if (!(row.Master == site && row.Slave == peer) && !(row.Master == peer && row.Slave == site))
        {
            return "the two sites are not the plan's";
        }

        if (row.RevisionEpoch is < 0 or > LargestNumber || row.Revision is < 1 or > LargestNumber)
        {
            return "its revision is out of range";
        }

        if (row.Retention.Count is null == row.Retention.Duration is null)
        {
            return "it has no retention, or two";
        }

        if (TooLong(TextLength, row.StorageMedium, row.DisabledBecause, row.DatacenterReference, row.HostReference, row.VmPathName))
        {
            return "a text is too long";
        }

        if (content.Machines.Any(machine => machine is null) || content.Machines.Select(machine => Check(machine, site, peer)).FirstOrDefault(fault => fault is not null) is not null)
        {
            return "a machine of it is not valid";
        }

        var known = new HashSet<Guid> { site, peer };
        var live = content.Machines.Where(machine => machine.Removed is null).Select(machine => machine.ToSpecification()).ToList();
        var errors = PlanRules.Validate(SpecificationOf(row, live), limits, new PlanSurroundings { KnownSites = known });
        return errors.Count == 0 ? null : errors[0];
    }

    public static string? Check(MachineFacts facts, MachineRow own, PlanRow plan, Guid peer)
    {
        var row = facts.Row;
        if (row.Uuid != own.Uuid || row.Plan != own.Plan || row.MasterUuid != own.MasterUuid || row.SlaveUuid != own.SlaveUuid)
        {
            return "it is not the machine that this site knows";
        }

        if (!IsValid(row.Ownership, plan) || (row.Conflict is { } conflict && (!IsValid(conflict.Own, plan) || !IsValid(conflict.Other, plan) || conflict.Because.Length > TextLength)))
        {
            return "its ownership is not valid";
        }

        if (row.Takeover is { } takeover && (!Enum.IsDefined(takeover.Kind) || !IsParty(takeover.From, plan)))
        {
            return "its takeover is not valid";
        }

        if (row.Pending is { } pending && (!Enum.IsDefined(pending.Kind) || TooLong(TextLength, pending.Step, pending.Host, pending.Actor)))
        {
            return "its pending work is not valid";
        }

        if (row.Forks is null || row.Forks.Count > Forks || row.Forks.Any(fork => fork is null || !IsNumber(fork.Epoch) || !IsNumber(fork.BaseSequence) || !IsNumber(fork.AtSequence)))
        {
            return "its forks are not valid";
        }

        if (!Enum.IsDefined(row.Procedure) || !IsNumber(row.LastSequence) || !IsNumber(row.FactsVersion) || row.DeltaBytes < 0 || row.LastRunDuration < TimeSpan.Zero
            || !IsGeometry(row.ChunkSize, row.FanOut) || TooLong(NameLength, row.Name) || TooLong(TextLength, row.LastError))
        {
            return "a member is out of range";
        }

        if (!IsValid(row.Own) || !IsValid(row.Guest))
        {
            return "what it says of its store or its hypervisor is not valid";
        }

        return facts.Points.Select(point => point is null ? "a point is missing" : Check(point, own.Uuid, plan, peer, row.FactsVersion)).FirstOrDefault(fault => fault is not null);
    }

    /// <summary>A peer speaks of its own store and of machines that both sites share: of nothing else.</summary>
    public static string? Check(PointRow point, Guid machine, PlanRow plan, Guid peer, long newest)
    {
        if (point.Site != peer || point.Machine != machine || point.Uuid == Guid.Empty)
        {
            return "a point is not the peer's to speak of";
        }

        if (point.Name.Length is 0 or > 64 || point.Name.Any(char.IsControl) || TooLong(TextLength, point.Damage) || !IsParty(point.Origin, plan))
        {
            return "a text of a point is not valid";
        }

        return !IsNumber(point.Epoch) || !IsNumber(point.Sequence) || point.FactsVersion < 0 || point.FactsVersion > newest || point.DiskBytes < 0 || point.AddedBytes < 0
            || !Enum.IsDefined(point.Kind) || !Enum.IsDefined(point.Consistency)
            ? "a number of a point is out of range"
            : null;
    }

    public static string? Check(LinkRow link, Guid site, Guid peer)
    {
        if (link.Uuid == Guid.Empty || !((link.SideA == site && link.SideB == peer) || (link.SideA == peer && link.SideB == site)))
        {
            return "it is not a link of the two sites";
        }

        return link.Relation is null ? "it has no relation"
            : LinkRules.Check(link.LimitBytesPerSecond, link.SideAName, link.SideBName, link.Relation) is [var fault, ..] ? fault
            : link.Modified.Year >= 9000 ? "its time is made up"
            : null;
    }

    private static string? Check(MachineIdentity machine, Guid site, Guid peer) =>
        machine.Uuid == Guid.Empty || machine.MasterUuid == Guid.Empty || machine.SlaveUuid == Guid.Empty || !Enum.IsDefined(machine.Priority)
        || !IsNumber(machine.Ownership.Number) || machine.Ownership.Number < 1 || !(machine.Ownership.Owner == site || machine.Ownership.Owner == peer)
        || (machine.Ownership.YieldedTo is { } to && to != site && to != peer)
        || TooLong(NameLength, machine.Name) || TooLong(TextLength, machine.HostUuid, machine.Path, machine.OvaPath, machine.Tenant, machine.SnapshotName)
            ? "not valid"
            : null;

    private static PlanSpecification SpecificationOf(PlanRow row, IReadOnlyList<MachineSpecification> machines) => new()
    {
        Name = row.Name,
        Master = row.Master,
        Slave = row.Slave,
        Rpo = row.Rpo,
        Interval = row.Interval,
        ReserveCount = row.Retention.Count,
        ReserveDuration = row.Retention.Duration,
        Type = row.Type,
        StorageMedium = row.StorageMedium,
        Machines = machines,
    };

    private static bool IsValid(Ownership ownership, PlanRow plan) =>
        ownership.Number >= 1 && IsNumber(ownership.Number) && IsParty(ownership.Owner, plan) && (ownership.YieldedTo is not { } to || (IsParty(to, plan) && to != ownership.Owner));

    private static bool IsValid(HoldingFacts? facts) => facts is not null && facts.Bytes >= 0 && facts.Count >= 0 && facts.LastPointName.Length <= 64;

    private static bool IsValid(GuestFacts? guest) =>
        guest is not null && Enum.IsDefined(guest.Power) && !TooLong(TextLength, guest.Name, guest.Group, guest.GroupPath, guest.Zone)
        && (guest.Ips is not { } ips || (ips.Count <= Addresses && ips.All(ip => ip is { Length: <= 64 })));

    private static bool IsGeometry(int chunk, int fanOut) =>
        (chunk == 0 && fanOut == 0) || (int.IsPow2(chunk) && chunk is >= 4096 and <= 1 << 20 && int.IsPow2(fanOut) && fanOut is >= 16 and <= 64);

    private static bool IsParty(Guid site, PlanRow plan) => site == plan.Master || site == plan.Slave;

    private static bool IsNumber(long number) => number is >= 0 and <= LargestNumber;

    // A text that is absent in what the peer sent is null here, whatever its type says.
    private static bool TooLong(int most, params ReadOnlySpan<string?> texts)
    {
        foreach (var text in texts)
        {
            if (text is null || text.Length > most)
            {
                return true;
            }
        }

        return false;
    }
}
