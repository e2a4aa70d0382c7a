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
    /// <summary>Writes a PNG of the machine's screen to a stream.</summary>
    /// <param name="machine">The machine's uuid on this site.</param>
    /// <param name="destination">The caller's stream; stays open.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask CaptureConsoleAsync(Guid machine, Stream destination, CancellationToken cancellationToken);
}

/// <summary>
/// Optional ability of an <see cref="IHypervisorProvider"/>: can start a machine from block devices that the engine serves and pull the data over while it runs. Thread-safe.
/// </summary>
public interface IInstantBoot
{
    /// <summary>Starts a machine whose disks are network block devices.</summary>
    /// <param name="machine">The uuid that the machine shall have on this site.</param>
    /// <param name="definition">What it looks like.</param>
    /// <param name="exports">Where each disk is served, by disk id.</param>
    /// <param name="host">The host to start it on, or null.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask StartFromExportsAsync(Guid machine, MachineDefinition definition, IReadOnlyDictionary<string, Uri> exports, string? host, CancellationToken cancellationToken);

    /// <summary>Moves the running machine from the exports to disks of its own. Repeated: goes on. Returns when no export is used any more.</summary>
    /// <param name="machine">The machine's uuid on this site.</param>
    /// <param name="copiedBytes">Told the bytes copied so far.</param>
    /// <param name="cancellationToken">Ends the wait; the move can be taken up again.</param>
    ValueTask PullDisksAsync(Guid machine, IProgress<long>? copiedBytes, CancellationToken cancellationToken);
}
