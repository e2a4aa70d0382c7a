namespace DisasterTolerance.Plans;

/// <summary>Which texts a plan and its machines may have.</summary>
internal static class PlanTexts
{
    private const int MostTold = 20;

    public static void Check(PlanSpecification plan, PlanLimits limits, List<string> errors)
    {
        CheckName(plan.Name, limits, errors);
        if (string.IsNullOrWhiteSpace(plan.Type))
        {
            errors.Add("The plan has no type: give the name of the hypervisor that runs its machines.");
        }

        Check("plan's type", plan.Type, limits.NameLength, errors);
        CheckTexts(plan.StorageMedium, plan.DatacenterReference, plan.HostReference, plan.VmPathName, limits, errors);
    }

    /// <summary>Checks the texts of a plan that are stored as they are.</summary>
    public static void CheckTexts(string medium, string datacenter, string host, string path, PlanLimits limits, List<string> errors)
    {
        Check("plan's storage medium", medium, limits.TextLength, errors);
        Check("plan's datacenter reference", datacenter, limits.TextLength, errors);
        Check("plan's host reference", host, limits.TextLength, errors);
        Check("plan's path name", path, limits.TextLength, errors);
    }

    public static void CheckName(string name, PlanLimits limits, List<string> errors)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            errors.Add($"The plan has no name: give one of 1 to {limits.NameLength} characters.");
        }

        Check("plan's name", name, limits.NameLength, errors);
    }

    public static void Check(MachineSpecification machine, PlanLimits limits, List<string> errors)
    {
        var label = MachineNames.Of(machine);
        Check($"name of {label}", machine.Name, limits.NameLength, errors);
        Check($"host of {label}", machine.HostUuid, limits.TextLength, errors);
        CheckPath($"path of {label}", machine.Path, limits, errors);
        CheckPath($"OVA path of {label}", machine.OvaPath, limits, errors);
        Check($"tenant of {label}", machine.Tenant, limits.TextLength, errors);
        Check($"snapshot name of {label}", machine.SnapshotName, limits.TextLength, errors);
    }

    // Nothing here opens these paths, but whoever reads them back shall not be led out of the folder that he expects.
    private static void CheckPath(string what, string path, PlanLimits limits, List<string> errors)
    {
        Check(what, path, limits.TextLength, errors);
        if (path.Split('/', '\\').Contains("..", StringComparer.Ordinal))
        {
            errors.Add($"The {what} has '..' in it: give it without.");
        }
    }

    public static void Check(string what, string text, int longest, List<string> errors)
    {
        if (text.Length > longest)
        {
            errors.Add($"The {what} has {text.Length} characters, more than {longest}: shorten it.");
        }

        if (text.Any(char.IsControl))
        {
            errors.Add($"The {what} has control characters: leave them out.");
        }
    }

    /// <summary>A text as a message may show it.</summary>
    public static string Shown(string text) => new([.. text.Where(letter => !char.IsControl(letter)).Take(64)]);

    /// <summary>What is wrong, as one message may tell it: of a plan with thousands of machines nobody reads everything.</summary>
    public static string Sentences(IReadOnlyList<string> errors) =>
        errors.Count <= MostTold ? string.Join(' ', errors) : $"{string.Join(' ', errors.Take(MostTold))} There are {errors.Count - MostTold} more errors like these.";

    /// <summary>Names as a message may show them.</summary>
    public static string List(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal).Take(16).Select(name => $"'{name}'"));
}
