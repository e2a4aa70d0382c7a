using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Hypervisors;

/// <content>Machines whose disks are network block devices. Offered to engines by <see cref="InstantInMemoryHypervisor"/>.</content>
public sealed partial class InMemoryHypervisor
{
    // What a text screen of one dark pixel looks like.
    private static readonly byte[] Picture = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==");

    /// <summary>The ids of a machine's disks that lie on exports still.</summary>
    /// <param name="machine">The machine's uuid.</param>
    public IReadOnlyList<string> ListExported(Guid machine) => Locked(() => Get(machine).Exports.Keys.ToArray());

    internal void StartFromExports(Guid machine, MachineDefinition definition, IReadOnlyDictionary<string, Uri> exports, string? host)
    {
        CheckUuid(machine);
        CheckDefinition(definition);
        MachineStart? start = null;
        lock (_gate)
        {
            MemoryMachine? known = _machines.GetValueOrDefault(machine);
            if (known is { Power: PowerState.On })
            {
                return;
            }

            CheckHost(machine, host);
            if (definition.Disks.FirstOrDefault(disk => !exports.ContainsKey(disk.Id)) is { } without)
            {
                throw new ArgumentException($"Disk '{without.Id}' is served nowhere.", nameof(exports));
            }

            if (known is null || known.Exports.Count == 0)
            {
                known = _machines[machine] = new MemoryMachine(machine, definition);
                foreach (DiskDefinition disk in definition.Disks)
                {
                    known.Disks.Add(_disks[(machine, disk.Id)] = NewDisk(disk));
                    known.Exports.Add(disk.Id, exports[disk.Id]);
                }
            }

            foreach (string disk in known.Exports.Keys)
            {
                GetExport(known, disk);
            }

            known.Power = PowerState.On;
            start = new MachineStart(machine, host, _timeProvider.GetUtcNow());
            _starts.Add(start);
        }

        Started?.Invoke(start);
    }

    internal async ValueTask PullDisksAsync(Guid machine, IProgress<long>? copiedBytes, CancellationToken cancellationToken)
    {
        object pull = new();
        MemoryDisk[] disks = Locked(() =>
        {
            Get(machine).Mirror = (pull, "");
            return Get(machine).Disks.ToArray();
        });
        long copied = 0;
        foreach (MemoryDisk disk in disks)
        {
            long length = disk.Definition.LengthBytes;
            for (long offset = 0; IsExported(machine, disk.Id); offset += _options.PullBytes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Pull(machine, pull, disk, offset, length);
                copiedBytes?.Report(copied + Math.Min(offset + _options.PullBytes, length));
                if (_options.PullTime > TimeSpan.Zero)
                {
                    await Task.Delay(_options.PullTime, _timeProvider, cancellationToken).ConfigureAwait(false);
                }
            }

            copied += length;
        }

        copiedBytes?.Report(copied);
    }

    internal byte[] CaptureConsole(Guid machine) => Locked(() => Get(machine).Power == PowerState.On)
        ? Picture
        : throw new HypervisorException(ErrorCode.HypervisorFailed, machine, $"Machine {machine:D} is off and shows nothing. Start it first.");

    private MemoryDisk GetOwnDisk(Guid machine, string disk) => Get(machine).Exports.ContainsKey(disk)
        ? throw new InvalidOperationException($"Disk '{disk}' of machine {machine:D} lies on an export, where only whole reads and writes are played.")
        : GetDisk(machine, disk);

    private bool IsExported(Guid machine, string disk) => Locked(() => Get(machine).Exports.ContainsKey(disk));

    /// <summary>Copies a part, which the guest cannot write meanwhile, or moves the machine to its own disk when all was copied.</summary>
    private void Pull(Guid machine, object pull, MemoryDisk disk, long offset, long length)
    {
        lock (_gate)
        {
            MemoryMachine found = Get(machine);
            if (found.Mirror?.Pull != pull)
            {
                throw new HypervisorException(ErrorCode.HypervisorFailed, machine, $"The disks of machine {machine:D} are pulled by a later call.", isTransient: true);
            }

            found.Mirror = (pull, disk.Id);
            if (offset >= length)
            {
                found.Exports.Remove(disk.Id);
                return;
            }

            byte[] part = new byte[(int)Math.Min(_options.PullBytes, length - offset)];
            ReadExport(machine, disk.Id, offset, part);
            disk.Write(offset, part);
        }
    }

    /// <returns>Whether the disk is an export and was read.</returns>
    private bool ReadExport(Guid machine, string disk, long offset, byte[] content)
    {
        MemoryMachine found = Get(machine);
        if (!found.Exports.ContainsKey(disk))
        {
            return false;
        }

        GetExport(found, disk).ReadAsync(offset, content, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return true;
    }

    /// <returns>Whether the machine's own disk is to be written as well, or alone.</returns>
    private bool WriteExport(Guid machine, string disk, long offset, ReadOnlySpan<byte> content)
    {
        MemoryMachine found = Get(machine);
        if (!found.Exports.ContainsKey(disk))
        {
            return true;
        }

        ITargetDisk export = GetExport(found, disk);
        export.WriteAsync(offset, content.ToArray(), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        export.FlushAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return found.Mirror?.Disk == disk;
    }

    private ITargetDisk GetExport(MemoryMachine machine, string disk) => _options.FindExport(machine.Exports[disk])
        ?? throw new HypervisorException(
            ErrorCode.HypervisorFailed, machine.Uuid, $"Nobody serves {machine.Exports[disk]}, disk '{disk}' of machine {machine.Uuid:D}. Start the site that serves it.", isTransient: true);

    private void CheckHost(Guid machine, string? host)
    {
        if (host is not null && !_options.Hosts.Contains(host, StringComparer.Ordinal))
        {
            throw new HypervisorException(ErrorCode.HostNotFound, machine, $"The in-memory hypervisor has no host '{host}'. Name one of: {string.Join(", ", _options.Hosts)}.");
        }
    }
}
