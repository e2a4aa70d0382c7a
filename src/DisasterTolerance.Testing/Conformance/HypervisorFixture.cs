using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>
/// How a vendor describes a provider to <see cref="HypervisorConformance"/>. Each case gets a fresh fixture without machines of its own, and the caller disposes it afterwards. Not thread-safe.
/// </summary>
public abstract class HypervisorFixture : IAsyncDisposable
{
    private int _lastMachine;

    /// <summary>The provider under test. May be another object after <see cref="ReopenAsync"/>.</summary>
    public abstract IHypervisorProvider Provider { get; }

    /// <summary>A host that a machine can be started on by name; null if hosts have no names. Default: null.</summary>
    public virtual string? KnownHost => null;

    /// <summary>
    /// Whether a snapshot stays what it was when the guest writes afterwards. False only for providers that watch the live disk and tell of a change. Default: true.
    /// </summary>
    public virtual bool SnapshotsAreIsolated => true;

    /// <summary>How long a guest gets to shut down. Short where the fixture's guests have no system that could. Default: 1 min.</summary>
    public virtual TimeSpan GracePeriod => TimeSpan.FromMinutes(1);

    /// <summary>The lengths that disks can have are multiples of this many bytes; a power of two. Default: 1.</summary>
    public virtual long LengthMultiple => 1;

    /// <summary>Creates a machine as an operator does, outside of the provider: powered off, its disks reading as zeros.</summary>
    /// <param name="definition">Name, disks and the rest.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The machine's uuid.</returns>
    public abstract ValueTask<Guid> CreateMachineAsync(MachineDefinition definition, CancellationToken cancellationToken);

    /// <summary>Writes to a disk as the guest does, in any power state.</summary>
    /// <param name="machine">The machine's uuid.</param>
    /// <param name="disk">The disk's id.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="content">The bytes.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public abstract ValueTask WriteAsGuestAsync(Guid machine, string disk, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Whether <see cref="ServeExportAsync"/> works: asked only of providers that are <see cref="IInstantBoot"/>. Default: false, and the cases on instant boot are passed over.</summary>
    public virtual bool ServesExports => false;

    /// <summary>Serves a disk that reads as zeros, can be written and keeps what is flushed, until the fixture is disposed.</summary>
    /// <param name="lengthBytes">Its length.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Where it is served, and its content as the server sees it.</returns>
    public virtual ValueTask<ServedExport> ServeExportAsync(long lengthBytes, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"The fixture says that it serves exports, and does not implement {nameof(ServeExportAsync)}.");

    /// <summary>Replaces <see cref="Provider"/> by another one on the same machines, as a restart of the process does. False if that cannot be played. Default: false.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    public virtual ValueTask<bool> ReopenAsync(CancellationToken cancellationToken) => new(false);

    /// <summary>Takes everything away that the fixture made.</summary>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>A uuid that no machine of this fixture has yet.</summary>
    public Guid NewMachineId() => new(0x6D616368, 0x696E, 0x4000, 0x80, 0, 0, 0, 0, 0, (byte)(++_lastMachine >> 8), (byte)_lastMachine);

    internal string? WithoutInstantBoot() => Provider is not IInstantBoot ? "it does not start machines from exports" : ServesExports ? null : "the fixture serves no exports";

    internal long Round(long length) => (length + LengthMultiple - 1) / LengthMultiple * LengthMultiple;
}

/// <summary>A disk that a fixture serves as a block device.</summary>
/// <param name="Address">Where.</param>
/// <param name="Content">Its content at the server: what is written there a client reads, and the other way round.</param>
public sealed record ServedExport(Uri Address, ITargetDisk Content);
