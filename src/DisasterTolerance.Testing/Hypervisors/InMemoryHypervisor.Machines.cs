using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Hypervisors;

public sealed partial class InMemoryHypervisor
{
    /// <inheritdoc/>
    public async ValueTask<ShutdownResult> ShutDownAsync(Guid machine, TimeSpan gracePeriod, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        (bool isOff, TimeSpan guest) = Locked(() =>
        {
            MemoryMachine found = Get(machine);
            return (found.Power == PowerState.Off, found.GuestShutdownTime);
        });
        if (isOff)
        {
            return ShutdownResult.WasOff;
        }

        // A guest that needs no time at all is still switched off hard if none was granted.
        bool graceful = gracePeriod > TimeSpan.Zero && guest <= gracePeriod;
        TimeSpan wait = graceful ? guest : gracePeriod;
        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, _timeProvider, cancellationToken).ConfigureAwait(false);
        }

        SetPower(machine, PowerState.Off);
        return graceful ? ShutdownResult.Graceful : ShutdownResult.Forced;
    }

    /// <inheritdoc/>
    public ValueTask StartAsync(Guid machine, string? host, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        MachineStart? start = null;
        lock (_gate)
        {
            MemoryMachine found = Get(machine);
            CheckHost(machine, host);

            if (found.Disks.Find(disk => disk.IsUnusable) is { } unusable)
            {
                throw Unusable(machine, unusable.Id);
            }

            foreach (string disk in found.Exports.Keys)
            {
                GetExport(found, disk);
            }

            if (found.Power != PowerState.On)
            {
                found.Power = PowerState.On;
                start = new MachineStart(machine, host, _timeProvider.GetUtcNow());
                _starts.Add(start);
            }
        }

        if (start is not null)
        {
            Started?.Invoke(start);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<string> RegisterAsync(Guid machine, MachineDefinition definition, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        CheckUuid(machine);
        CheckDefinition(definition);
        lock (_gate)
        {
            MemoryMachine? known = _machines.GetValueOrDefault(machine);
            CheckOff(known, "its definition was not replaced");
            var disks = new List<MemoryDisk>(definition.Disks.Count);
            foreach (DiskDefinition disk in definition.Disks)
            {
                MemoryDisk? prepared = _disks.GetValueOrDefault((machine, disk.Id));
                if (prepared is null || prepared.Definition.LengthBytes != disk.LengthBytes)
                {
                    throw new HypervisorException(
                        ErrorCode.DiskUnusable, machine, $"Disk '{disk.Id}' of machine {machine:D} was not prepared with {disk.LengthBytes} bytes. Open it first.");
                }

                disks.Add(prepared);
            }

            disks.ForEach(disk => disk.Kind = definition.Disks.First(wanted => wanted.Id == disk.Id).Kind);
            MemoryMachine changed = known ?? new MemoryMachine(machine, definition);
            changed.Definition = definition;
            changed.Disks = disks;
            changed.Exports.Clear();
            _machines[machine] = changed;
        }

        return new(machine.ToString("D"));
    }

    /// <inheritdoc/>
    public ValueTask UnregisterAsync(Guid machine, bool deleteDisks, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_machines.GetValueOrDefault(machine) is not { } known)
            {
                return ValueTask.CompletedTask;
            }

            CheckOff(known, "it stays known");
            _machines.Remove(machine);
            if (deleteDisks)
            {
                known.Disks.ForEach(disk => _disks.Remove((machine, disk.Id)));
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<ITargetDisk> OpenDiskAsync(Guid machine, DiskDefinition disk, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        CheckUuid(machine);
        CheckDisk(disk);
        lock (_gate)
        {
            CheckOff(_machines.GetValueOrDefault(machine), $"its disk '{disk.Id}' was not opened for writing");
            if (disk.LengthBytes > _options.MaxDiskBytes)
            {
                throw new HypervisorException(ErrorCode.DiskUnusable, machine, $"Disk '{disk.Id}' of {disk.LengthBytes} bytes is longer than {_options.MaxDiskBytes}.");
            }

            bool isNew = !_disks.TryGetValue((machine, disk.Id), out MemoryDisk? content);
            content ??= _disks[(machine, disk.Id)] = NewDisk(disk);
            if (content.IsUnusable)
            {
                throw Unusable(machine, disk.Id);
            }

            content.Kind = disk.Kind;
            content.Resize(disk.LengthBytes);
            return new(new InMemoryTargetDisk(machine, content, isNew, _options));
        }
    }

    private static void CheckUuid(Guid machine)
    {
        if (machine == Guid.Empty)
        {
            throw new ArgumentException("A machine's uuid is not all zeros.", nameof(machine));
        }
    }

    private static void CheckDefinition(MachineDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        if (definition.Name is not { Length: >= 1 and <= 256 })
        {
            throw new ArgumentException("A machine's name has 1 to 256 characters.", nameof(definition));
        }

        foreach (DiskDefinition disk in definition.Disks)
        {
            CheckDisk(disk);
        }

        if (definition.Disks.DistinctBy(disk => disk.Id).Count() != definition.Disks.Count)
        {
            throw new ArgumentException("Two disks have the same id.", nameof(definition));
        }
    }

    private static void CheckDisk(DiskDefinition disk)
    {
        ArgumentNullException.ThrowIfNull(disk);
        if (!DiskDefinition.IsValidId(disk.Id) || disk.LengthBytes < 0)
        {
            throw new ArgumentException($"'{disk.Id}' is no disk id, or {disk.LengthBytes} no length.", nameof(disk));
        }
    }

    private static void CheckOff(MemoryMachine? machine, string otherwise)
    {
        if (machine is not null && machine.Power != PowerState.Off)
        {
            throw new HypervisorException(ErrorCode.HypervisorFailed, machine.Uuid, $"Machine {machine.Uuid:D} is not off, so {otherwise}. Shut it down first.");
        }
    }

    private MemoryDisk NewDisk(DiskDefinition disk) => new(_gate, disk.Id, disk.Kind, disk.LengthBytes, ++_nextIdentity);
}
