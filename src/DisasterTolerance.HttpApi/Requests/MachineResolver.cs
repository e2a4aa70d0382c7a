namespace DisasterTolerance.HttpApi.Requests;

/// <summary>Finds the machine that a request names by plan and uuid. Thread-safe.</summary>
internal static class MachineResolver
{
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.InvalidArgument"/> or <see cref="ErrorCode.NotFound"/>.</exception>
    public static async ValueTask<MachineView> FindAsync(IStateReader state, string? planUuid, string? vmUuid, CancellationToken cancellationToken)
    {
        var faults = new RequestFaults();
        var plan = faults.Uuid(planUuid, "plan_uuid");
        var vm = faults.Uuid(vmUuid, "vm_uuid");
        faults.ThrowIfAny();
        var machine = await state.FindMachineAsync(vm, cancellationToken);
        return machine is not null && machine.Plan.Uuid == plan
            ? machine
            : throw new DisasterToleranceException(
                ErrorCode.NotFound, $"Plan {plan} has no machine with the uuid {vm}. List the plan's machines with 'get' and take a uuid of theirs.");
    }
}
