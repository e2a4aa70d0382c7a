using DisasterTolerance.Catalog;

namespace DisasterTolerance.Plans;

/// <summary>What a site knows besides a plan when it judges the plan. Immutable.</summary>
internal sealed record PlanSurroundings
{
    /// <summary>Uuids of the sites that are configured here, this one included.</summary>
    public required IReadOnlySet<Guid> KnownSites { get; init; }

    /// <summary>Names of the hypervisors that are configured here; null does not check.</summary>
    public IReadOnlySet<string>? Types { get; init; }

    /// <summary>Names of the stores that are configured here; null does not check.</summary>
    public IReadOnlySet<string>? Media { get; init; }

    /// <summary>Live plans' names by every uuid (object, master side, slave side) of their machines, at both sites as far as known. Without the plan that is judged.</summary>
    public IReadOnlyDictionary<Guid, string> ProtectedElsewhere { get; init; } = new Dictionary<Guid, string>();
}

/// <summary>Which plans are valid. Every answer lists all errors, each a sentence that names the object, the cause and the next step.</summary>
internal static class PlanRules
{
    /// <summary>Checks a new plan.</summary>
    /// <param name="specification">The plan.</param>
    /// <param name="limits">How large it may be.</param>
    /// <param name="surroundings">What this site knows besides.</param>
    /// <returns>All errors; empty if there are none.</returns>
    public static IReadOnlyList<string> Validate(PlanSpecification specification, PlanLimits limits, PlanSurroundings surroundings)
    {
        var errors = new List<string>();
        CheckSites(specification, surroundings, errors);
        PlanTexts.Check(specification, limits, errors);
        CheckTimes(specification.Rpo, specification.Interval, limits, errors);
        _ = RetentionOf(specification.ReserveCount, specification.ReserveDuration, null, limits, errors);
        CheckMachines(specification.Machines, limits, surroundings.ProtectedElsewhere, errors);
        if (specification.Type.Length > 0 && surroundings.Types is { } types && !types.Contains(specification.Type))
        {
            errors.Add($"The plan's type '{PlanTexts.Shown(specification.Type)}' is not a hypervisor of this site: use one of {PlanTexts.List(types)}, or configure it.");
        }

        return errors;
    }

    /// <summary>The retention of a plan whose specification is valid.</summary>
    /// <param name="specification">The plan.</param>
    public static RetentionPolicy RetentionOf(PlanSpecification specification) =>
        specification.ReserveCount is > 0 and var count ? RetentionPolicy.Keep(count) : RetentionPolicy.KeepFor(specification.ReserveDuration!.Value);

    /// <summary>What a plan will do that its author may not want.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="machines">Its machines, with the time that their last runs took.</param>
    /// <param name="media">Names of the stores that are configured here; null does not check.</param>
    public static IReadOnlyList<PlanWarning> Warnings(PlanRow plan, IReadOnlyList<MachineRow> machines, IReadOnlySet<string>? media)
    {
        var warnings = new List<PlanWarning>();
        if (machines.Count == 0)
        {
            warnings.Add(new(PlanWarningKind.NoMachines, $"The {MachineNames.Of(plan)} protects no machine yet: edit it to add some."));
        }

        if (plan.StorageMedium.Length > 0 && media is not null && !media.Contains(plan.StorageMedium))
        {
            warnings.Add(new(PlanWarningKind.UnknownMedium, $"The store '{plan.StorageMedium}' of {MachineNames.Of(plan)} is not configured here: the default store is used."));
        }

        foreach (var machine in machines.Where(machine => plan.Interval + machine.LastRunDuration > plan.Rpo))
        {
            warnings.Add(new(
                PlanWarningKind.RpoTooShort,
                $"The RPO of {MachineNames.Of(plan)} will be missed by {MachineNames.Of(machine)}: the interval of {plan.Interval} and a run of {machine.LastRunDuration} exceed {plan.Rpo}. Shorten the interval or lengthen the RPO."));
        }

        return warnings;
    }

    /// <summary>Checks RPO and interval.</summary>
    public static void CheckTimes(TimeSpan rpo, TimeSpan interval, PlanLimits limits, List<string> errors)
    {
        if (rpo <= TimeSpan.Zero)
        {
            errors.Add($"The plan's RPO is {rpo}: give a positive time.");
        }
        else if (rpo > limits.LongestTime)
        {
            errors.Add($"The plan's RPO of {rpo} is longer than {limits.LongestTime}: give a shorter one.");
        }

        if (interval <= TimeSpan.Zero)
        {
            errors.Add($"The plan's interval is {interval}: give a positive time.");
        }
        else if (interval < limits.ShortestInterval)
        {
            errors.Add($"The plan's interval of {interval} is shorter than {limits.ShortestInterval}: give a longer one.");
        }
        else if (interval > limits.LongestTime)
        {
            errors.Add($"The plan's interval of {interval} is longer than {limits.LongestTime}: give a shorter one.");
        }

        if (rpo > TimeSpan.Zero && interval > rpo)
        {
            errors.Add($"The plan's interval of {interval} is longer than its RPO of {rpo}, which could never be met: shorten the interval or lengthen the RPO.");
        }
    }

    /// <summary>Checks both retention members and makes them one policy.</summary>
    /// <param name="count">Points to keep; null or 0 if not given.</param>
    /// <param name="duration">Age to keep; null or zero if not given.</param>
    /// <param name="present">What holds if neither is given; null if one must be given.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="errors">Where errors go.</param>
    /// <returns>The policy; null if there are errors.</returns>
    public static RetentionPolicy? RetentionOf(int? count, TimeSpan? duration, RetentionPolicy? present, PlanLimits limits, List<string> errors)
    {
        var before = errors.Count;
        if (count < 0)
        {
            errors.Add($"The plan's number of points to keep is {count}: give a positive number, or leave it out and give a time.");
        }
        else if (count > limits.LargestReserveCount)
        {
            errors.Add($"The plan's number of points to keep is {count}, more than {limits.LargestReserveCount}: give a smaller one.");
        }

        if (duration < TimeSpan.Zero)
        {
            errors.Add($"The plan's time to keep points is {duration}: give a positive time, or leave it out and give a number.");
        }
        else if (duration > limits.LongestTime)
        {
            errors.Add($"The plan's time to keep points of {duration} is longer than {limits.LongestTime}: give a shorter one.");
        }

        var byCount = count > 0;
        var byAge = duration > TimeSpan.Zero;
        if (byCount && byAge)
        {
            errors.Add("The plan is asked to keep points both by number and by time: give only one of the two.");
        }
        else if (errors.Count == before && !byCount && !byAge && present is null)
        {
            errors.Add("The plan does not say how many points to keep, or for how long: give one of the two.");
        }

        return errors.Count > before ? null
            : byCount ? RetentionPolicy.Keep(count!.Value)
            : byAge ? RetentionPolicy.KeepFor(duration!.Value)
            : present;
    }

    /// <summary>Checks the list of machines.</summary>
    public static void CheckMachines(
        IReadOnlyList<MachineSpecification> machines, PlanLimits limits, IReadOnlyDictionary<Guid, string> elsewhere, List<string> errors)
    {
        if (machines.Count > limits.MachinesPerPlan)
        {
            errors.Add($"The plan has {machines.Count} machines, more than {limits.MachinesPerPlan}: split it into several plans.");

            // Two thousand sentences on a list that is refused anyway help nobody.
            return;
        }

        var seen = new HashSet<Guid>();
        foreach (var machine in machines)
        {
            if (machine.MasterUuid == Guid.Empty)
            {
                errors.Add($"The machine '{PlanTexts.Shown(machine.Name)}' has no uuid: give the one that it has at the master site.");
            }
            else if (!seen.Add(machine.MasterUuid))
            {
                errors.Add($"The {MachineNames.Of(machine)} is listed twice: list it once.");
            }
            else if (elsewhere.TryGetValue(machine.MasterUuid, out var plan))
            {
                errors.Add($"The {MachineNames.Of(machine)} is protected by plan '{plan}' already: take it out of that plan first.");
            }

            if (machine.Priority is { } priority && !Enum.IsDefined(priority))
            {
                errors.Add($"The priority {(int)priority} of {MachineNames.Of(machine)} is unknown: give high, middle or low.");
            }

            PlanTexts.Check(machine, limits, errors);
        }
    }

    private static void CheckSites(PlanSpecification specification, PlanSurroundings surroundings, List<string> errors)
    {
        if (specification.Master == specification.Slave && specification.Master != Guid.Empty)
        {
            errors.Add($"The plan's master and slave are the same site {specification.Master}: name two different sites.");
        }

        CheckSite("master", specification.Master, surroundings, errors);
        if (specification.Slave != specification.Master || specification.Slave == Guid.Empty)
        {
            CheckSite("slave", specification.Slave, surroundings, errors);
        }
    }

    private static void CheckSite(string role, Guid site, PlanSurroundings surroundings, List<string> errors)
    {
        if (site == Guid.Empty)
        {
            errors.Add($"The plan has no {role} site: give its uuid.");
        }
        else if (!surroundings.KnownSites.Contains(site))
        {
            errors.Add($"The plan's {role} site {site} is not configured here: configure it as a peer first, or correct the uuid.");
        }
    }
}
