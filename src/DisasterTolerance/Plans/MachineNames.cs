using DisasterTolerance.Catalog;

namespace DisasterTolerance.Plans;

/// <summary>How messages name machines and plans: by name and uuid, so that a person finds them either way.</summary>
internal static class MachineNames
{
    public static string Of(MachineRow machine) => Of(machine.Name, machine.Uuid);

    public static string Of(MachineSpecification machine) => Of(machine.Name, machine.MasterUuid);

    public static string Of(PlanRow plan) => $"plan '{plan.Name}' ({plan.Uuid})";

    // Names of specifications are not checked yet when they are named in a message: what cannot be printed is left out.
    private static string Of(string name, Guid uuid)
    {
        var printable = new string([.. name.Where(letter => !char.IsControl(letter)).Take(64)]);
        return printable.Length == 0 ? $"machine {uuid}" : $"machine '{printable}' ({uuid})";
    }
}
