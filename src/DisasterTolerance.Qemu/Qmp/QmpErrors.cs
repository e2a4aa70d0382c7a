using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Qmp;

/// <summary>Translates failures of the monitor into what the contract says.</summary>
internal static class QmpErrors
{
    public static HypervisorException Translate(Guid machine, QmpException failure) => failure.Failure switch
    {
        QmpFailure.Refused => MachineErrors.Failed(machine, "A command to QEMU", failure.Message, "Look into QEMU's documentation of that command; the machine goes on.", inner: failure),
        QmpFailure.NotThere => MachineErrors.Failed(machine, "Asking QEMU", failure.Message, "The machine is off, or its socket was removed.", true, failure),
        QmpFailure.Gone => MachineErrors.Failed(machine, "Asking QEMU", failure.Message, "Its process ended. Look at its log and at the kernel's; the next call sees the machine as off.", true, failure),
        _ => MachineErrors.Failed(machine, "Asking QEMU", failure.Message, "If it hangs for good, end its process; what the guest had flushed is on its disks.", true, failure),
    };
}
