using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Plans;

namespace DisasterTolerance.InstantBoot;

/// <summary>What must wait while a machine does not have all its data on disks of its own. Every answer is null if it need not.</summary>
internal static class BootRules
{
    private const int LongestError = 1_000;

    /// <summary>Whether work that needs the machine's own disks may begin.</summary>
    /// <param name="machine">The machine as the site knows it.</param>
    /// <param name="what">What is to be done, as in "cannot be migrated".</param>
    public static Refusal? MayUseDisks(MachineRow machine, string what) => machine.Boot is { } boot
        ? new(ErrorCode.WrongProcedure, $"The {MachineNames.Of(machine)} cannot be {what} yet: {Standing(boot)} Wait until all is there.", IsTransient: true)
        : null;

    /// <summary>Whether a machine may be brought up from a point anew, at the site that owns it or not.</summary>
    /// <param name="machine">The machine as the site knows it.</param>
    /// <param name="power">What this site's hypervisor says of it; null if it does not know it.</param>
    /// <param name="force">Whether what it wrote since it was started may be given up.</param>
    public static Refusal? MayStartOver(MachineRow machine, PowerState? power, bool force) => machine.Boot is not { } boot || force || !MayHoldData(boot, power)
        ? null
        : new(
            ErrorCode.WrongProcedure,
            $"The {MachineNames.Of(machine)} cannot be recovered anew yet: {Standing(boot)} Wait until all is there, or force it: what the machine wrote since {boot.Since:u} is lost then.",
            IsTransient: true);

    /// <summary>Whether a guest may have written anything that is kept for the exports alone.</summary>
    /// <param name="boot">How far the machine is.</param>
    /// <param name="power">What this site's hypervisor says of it; null if it does not know it.</param>
    public static bool MayHoldData(BootState boot, PowerState? power) => boot.Stage != BootStage.Starting || power is not (null or PowerState.Off);

    /// <summary>What is left of a boot when the machine was given disks of its own: its overlays are deleted next.</summary>
    public static BootState? Left(BootState? boot) => boot is null ? null : boot with { Stage = BootStage.Leaving, Error = "" };

    /// <summary>A provider's words, as far as a row keeps them.</summary>
    public static string Bounded(string error) => error.Length <= LongestError ? error : error[..LongestError];

    private static string Standing(BootState boot) =>
        $"it was started from exports of a point at {boot.Since:u}, and {boot.PulledBytes} of {boot.TotalBytes} bytes are on disks of its own{(boot.Error.Length == 0 ? "" : $" (last failure: {boot.Error})")}.";
}
