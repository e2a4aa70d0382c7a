namespace DisasterTolerance.Hypervisors;

/// <summary>Optional ability of an <see cref="IHypervisorProvider"/>: can ask the inside of a machine. Thread-safe.</summary>
public interface IGuestAgent
{
    /// <summary>Whether the guest has come up and answers. False also if it has no agent or does not answer in time.</summary>
    /// <param name="machine">The machine's uuid on this site.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<bool> IsAliveAsync(Guid machine, CancellationToken cancellationToken);
}

/// <summary>Optional ability of an <see cref="IHypervisorProvider"/>: can picture what a machine shows. Thread-safe.</summary>
public interface IConsoleCapture
{
    /// <summary>Writes a PNG of the machine's screen to a stream. The engine keeps none of more than 1 MiB.</summary>
    /// <param name="machine">The machine's uuid on this site.</param>
    /// <param name="destination">The caller's stream; stays open.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask CaptureConsoleAsync(Guid machine, Stream destination, CancellationToken cancellationToken);
}

/// <summary>
/// Optional ability of an <see cref="IHypervisorProvider"/>: can start a machine from block devices that the engine serves and pull the data over while it runs. Thread-safe.
/// </summary>
/// <remarks>
/// Until <see cref="PullDisksAsync"/> has returned, the newest data of a disk are on its export, or on a disk of the machine's own from the moment when the provider moved it there. The provider keeps
/// durably which of the two it is, and every start of the machine uses that one. Exports stay at the same addresses until then, also across restarts of the engine. While one does not answer, what the
/// guest reads and writes waits and does not fail: the machine may be paused for it, and goes on by itself when the export is back. What the guest flushed is flushed on the export.
/// <see cref="IHypervisorProvider.RegisterAsync"/> ends all that: the machine has disks of its own again, and nothing is moved any more.
/// </remarks>
public interface IInstantBoot
{
    /// <summary>
    /// Makes a machine known with a definition, as <see cref="IHypervisorProvider.RegisterAsync"/> does but with network block devices as its disks, and starts it. What its own former disks hold is of no
    /// use any more. Repeated: a machine that runs already is left as it is; one that went off meanwhile is started again with the data that it had.
    /// </summary>
    /// <param name="machine">The uuid that the machine shall have on this site.</param>
    /// <param name="definition">What it looks like.</param>
    /// <param name="exports">Where each disk of the definition is served, by disk id. All of them can be read and written, and keep what was flushed.</param>
    /// <param name="host">The host to start it on, or null. Unknown: <see cref="ErrorCode.HostNotFound"/>, nothing started.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask StartFromExportsAsync(Guid machine, MachineDefinition definition, IReadOnlyDictionary<string, Uri> exports, string? host, CancellationToken cancellationToken);

    /// <summary>
    /// Moves a machine from the exports to disks of its own, without a stop. A machine that is off is moved too, and not started for it. Returns when no export is used any more and everything that was
    /// flushed is durable on the machine's own disks; at once for a machine that uses none. Repeated, also after a crash: goes on, or begins anew with the disks that were not moved yet. The one changing
    /// call that others may come beside: the machine is looked at, shut down and started meanwhile.
    /// </summary>
    /// <param name="machine">The machine's uuid on this site.</param>
    /// <param name="copiedBytes">Told the bytes copied so far, over all disks and since the machine was first started from the exports as far as that is known. Told every few seconds while anything
    /// moves: a call that tells nothing new for the engine's progress deadline (5 minutes by default) is cancelled and made again.</param>
    /// <param name="cancellationToken">Ends the wait; the move can be taken up again.</param>
    ValueTask PullDisksAsync(Guid machine, IProgress<long>? copiedBytes, CancellationToken cancellationToken);
}
