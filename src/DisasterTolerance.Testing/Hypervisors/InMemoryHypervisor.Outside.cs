using System.Security.Cryptography;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Hypervisors;

/// <content>What the guest, the operator and bad luck do.</content>
public sealed partial class InMemoryHypervisor
{
    /// <summary>Called after each start that took effect (a machine that ran already is not started), outside of any lock. For tests that count starts.</summary>
    public event Action<MachineStart>? Started;

    /// <summary>All starts that took effect, oldest first.</summary>
    public IReadOnlyList<MachineStart> Starts => Locked(() => _starts.ToArray());

    /// <summary>Adds a machine as an operator would: powered off, with new disks of the definition's lengths that read as zeros.</summary>
    /// <param name="machine">Its uuid.</param>
    /// <param name="definition">What it looks like.</param>
    /// <exception cref="ArgumentException">The uuid is taken, or the definition is not valid.</exception>
    public void AddMachine(Guid machine, MachineDefinition definition)
    {
        CheckUuid(machine);
        CheckDefinition(definition);
        lock (_gate)
        {
            if (!_machines.TryAdd(machine, new MemoryMachine(machine, definition)))
            {
                throw new ArgumentException($"There is a machine {machine:D} already.", nameof(machine));
            }

            foreach (DiskDefinition disk in definition.Disks)
            {
                _machines[machine].Disks.Add(_disks[(machine, disk.Id)] = NewDisk(disk));
            }
        }
    }

    /// <summary>Lets a machine vanish with its disks and snapshots, whatever its power state.</summary>
    /// <param name="machine">Its uuid.</param>
    public void RemoveMachine(Guid machine)
    {
        lock (_gate)
        {
            Get(machine).Disks.ForEach(disk => _disks.Remove((machine, disk.Id)));
            _machines.Remove(machine);
        }
    }

    /// <summary>Adds a disk that reads as zeros, behind the others.</summary>
    /// <param name="machine">The machine's uuid.</param>
    /// <param name="disk">Id, length and kind.</param>
    public void AddDisk(Guid machine, DiskDefinition disk)
    {
        CheckDisk(disk);
        lock (_gate)
        {
            MemoryMachine found = Get(machine);
            if (found.Disks.Exists(known => known.Id == disk.Id))
            {
                throw new ArgumentException($"Machine {machine:D} has a disk '{disk.Id}' already.", nameof(disk));
            }

            found.Disks = [.. found.Disks, _disks[(machine, disk.Id)] = NewDisk(disk)];
        }
    }

    /// <summary>Takes a disk away for ever.</summary>
    /// <param name="machine">The machine's uuid.</param>
    /// <param name="disk">The disk's id.</param>
    public void RemoveDisk(Guid machine, string disk)
    {
        lock (_gate)
        {
            MemoryDisk removed = GetDisk(machine, disk);
            Get(machine).Disks = [.. Get(machine).Disks.Where(known => known != removed)];
            _disks.Remove((machine, disk));
        }
    }

    /// <summary>Grows a disk (reading as zeros there) or cuts it.</summary>
    /// <param name="machine">The machine's uuid.</param>
    /// <param name="disk">The disk's id.</param>
    /// <param name="lengthBytes">The new length in bytes, not negative.</param>
    public void ResizeDisk(Guid machine, string disk, long lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lengthBytes);
        Locked(() => GetDisk(machine, disk)).Resize(lengthBytes);
    }

    /// <summary>
    /// Writes as a guest does that flushes every write. Allowed in every power state: tests need not start a machine to fill its disks. On an export that nobody serves it fails, where a real guest waits.
    /// </summary>
    /// <param name="machine">The machine's uuid.</param>
    /// <param name="disk">The disk's id.</param>
    /// <param name="offset">First byte; the range lies within the disk.</param>
    /// <param name="content">The bytes.</param>
    public void WriteDisk(Guid machine, string disk, long offset, ReadOnlySpan<byte> content)
    {
        lock (_gate)
        {
            MemoryDisk found = GetDisk(machine, disk);
            if (WriteExport(machine, disk, offset, content))
            {
                found.Write(offset, content);
            }
        }
    }

    /// <summary>Makes a range read as zeros, as a guest's trim does.</summary>
    /// <param name="machine">The machine's uuid.</param>
    /// <param name="disk">The disk's id.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Length in bytes; the range lies within the disk.</param>
    public void TrimDisk(Guid machine, string disk, long offset, long length) =>
        Locked(() => GetOwnDisk(machine, disk)).WriteZeroes(offset, length);

    /// <summary>Reads the present content.</summary>
    /// <param name="machine">The machine's uuid.</param>
    /// <param name="disk">The disk's id.</param>
    /// <param name="offset">First byte; the range lies within the disk.</param>
    /// <param name="length">How many bytes.</param>
    public byte[] ReadDisk(Guid machine, string disk, long offset, int length)
    {
        byte[] content = new byte[length];
        lock (_gate)
        {
            MemoryDisk found = GetDisk(machine, disk);
            if (!ReadExport(machine, disk, offset, content))
            {
                found.Read(offset, content);
            }
        }

        return content;
    }

    /// <summary>
    /// SHA-256 over a disk's length and written content. Equal for disks of equal length and bytes, whatever was written in which order; holes cost nothing, so it is not the hash of
    /// the plain bytes.
    /// </summary>
    /// <param name="machine">The machine's uuid.</param>
    /// <param name="disk">The disk's id.</param>
    public string HashDisk(Guid machine, string disk)
    {
        FrozenDisk content = Locked(() => GetOwnDisk(machine, disk)).Freeze();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(BitConverter.GetBytes(content.Length));
        byte[] page = new byte[Page.Size];
        foreach (DiskExtent extent in content.GetExtents(ExtentKind.Unallocated).Where(extent => extent.Kind == ExtentKind.Data))
        {
            for (long offset = extent.Offset; offset < extent.End; offset += Page.Size)
            {
                Span<byte> part = page.AsSpan(0, (int)Math.Min(Page.Size, extent.End - offset));
                content.Read(offset, part);
                if (part.ContainsAnyExcept((byte)0))
                {
                    hash.AppendData(BitConverter.GetBytes(offset));
                    hash.AppendData(part);
                }
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Sets the power state without any call of the engine: a crash of the host, a start by hand, or nobody can tell. Not counted as a start.</summary>
    /// <param name="machine">The machine's uuid.</param>
    /// <param name="power">The state.</param>
    public void SetPower(Guid machine, PowerState power)
    {
        lock (_gate)
        {
            Get(machine).Power = power;
        }
    }

    /// <summary>Says how the guest behaves.</summary>
    /// <param name="machine">The machine's uuid.</param>
    /// <param name="shutdownTime">How long it takes to shut down when asked; more than the grace period means that it is switched off hard. Default zero.</param>
    /// <param name="isAlive">Whether its agent answers while it runs. Default true.</param>
    public void SetGuest(Guid machine, TimeSpan shutdownTime, bool isAlive)
    {
        lock (_gate)
        {
            MemoryMachine found = Get(machine);
            found.GuestShutdownTime = shutdownTime;
            found.IsGuestAlive = isAlive;
        }
    }

    /// <summary>Says how the change tracker answers for a machine.</summary>
    /// <param name="machine">The machine's uuid.</param>
    /// <param name="behavior">The behaviour, from now on.</param>
    public void SetTracker(Guid machine, TrackerBehavior behavior)
    {
        lock (_gate)
        {
            Get(machine).Tracker = behavior;
        }
    }

    /// <summary>Loses the change maps of all disks of a machine, as a killed hypervisor does: every token so far becomes unknown.</summary>
    /// <param name="machine">The machine's uuid.</param>
    public void LoseChangeMaps(Guid machine)
    {
        lock (_gate)
        {
            Get(machine).Disks.ForEach(disk => disk.Changes.Lose(++_nextIdentity));
        }
    }

    /// <summary>Makes a disk unusable, or usable again with its content.</summary>
    /// <param name="machine">The machine's uuid.</param>
    /// <param name="disk">The disk's id.</param>
    /// <param name="isUnusable">Whether every access fails from now on.</param>
    public void SetDiskUnusable(Guid machine, string disk, bool isUnusable)
    {
        lock (_gate)
        {
            GetDisk(machine, disk).IsUnusable = isUnusable;
        }
    }

    private MemoryDisk GetDisk(Guid machine, string disk) => Get(machine).Disks.Find(known => known.Id == disk)
        ?? throw new HypervisorException(ErrorCode.DiskUnusable, machine, $"Machine {machine:D} has no disk '{disk}'.");
}
