using System.Collections.Concurrent;
using DisasterTolerance.Hypervisors;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Images;

/// <summary>
/// Finds machines in the folders below a root. Thread-safe. Nothing is cached but where a machine was seen last; its definition is read anew each time, so edits by hand count at once.
/// </summary>
internal sealed class MachineFolders(string root, ILogger logger)
{
    private readonly ConcurrentDictionary<Guid, string> _lastSeen = new();

    public string Root { get; } = root;

    /// <summary>Where a machine that has no folder yet gets one.</summary>
    public string DefaultFolder(Guid machine) => Path.Combine(Root, machine.ToString("D"));

    /// <summary>All machines with a usable definition. Broken definitions and uuids used twice are logged and left out.</summary>
    /// <exception cref="HypervisorException">The root itself cannot be read.</exception>
    public IReadOnlyList<MachineRecord> List(CancellationToken cancellationToken)
    {
        Scan scan = ReadAll(cancellationToken);
        foreach (BrokenMachine broken in scan.Broken)
        {
            Log.DefinitionBroken(logger, broken.Error, broken.Folder);
        }

        var machines = new List<MachineRecord>();
        foreach (IGrouping<Guid, MachineRecord> group in scan.Machines.GroupBy(machine => machine.Uuid))
        {
            MachineRecord[] found = [.. group];
            if (found.Length > 1)
            {
                _lastSeen.TryRemove(group.Key, out _);
                Log.DuplicateUuid(logger, group.Key, found[0].Folder, found[1].Folder);
                continue;
            }

            _lastSeen[group.Key] = found[0].Folder;
            machines.Add(found[0]);
        }

        return machines;
    }

    /// <summary>A machine, or null if certainly no folder describes it.</summary>
    /// <exception cref="HypervisorException">
    /// The root or the machine's definition cannot be read, two folders describe it, or a definition that may be its own is broken.
    /// </exception>
    public MachineRecord? Find(Guid machine, CancellationToken cancellationToken)
    {
        MachineRecord? found = FindReadable(machine, out IReadOnlyList<BrokenMachine> broken, cancellationToken);
        return found is null && broken.FirstOrDefault(candidate => candidate.MayBe(machine)) is { } own ? throw own.Error : found;
    }

    /// <summary>A machine that must be there.</summary>
    /// <exception cref="HypervisorException">As <see cref="Find"/>, or <see cref="ErrorCode.MachineNotFound"/>.</exception>
    public MachineRecord Get(Guid machine, CancellationToken cancellationToken) =>
        Find(machine, cancellationToken) ?? throw new HypervisorException(
            ErrorCode.MachineNotFound,
            machine,
            $"No folder in '{Root}' describes the machine {machine:D}. Bring its machine.json back, or take the machine out of its plan.");

    /// <summary>
    /// The machine if its definition can be read, null if it is new. Broken definitions elsewhere do not stop a recovery; one in the folder that the machine would get does.
    /// </summary>
    public MachineRecord? FindForWriting(Guid machine, CancellationToken cancellationToken)
    {
        MachineRecord? found = FindReadable(machine, out IReadOnlyList<BrokenMachine> broken, cancellationToken);
        if (found is not null)
        {
            return found;
        }

        string folder = DefaultFolder(machine);
        foreach (BrokenMachine candidate in broken)
        {
            Log.DefinitionBroken(logger, candidate.Error, candidate.Folder);
            if (string.Equals(candidate.Folder, folder, StringComparison.Ordinal))
            {
                throw candidate.Error;
            }
        }

        MachineDocument? other = MachineFile.Read(Path.Combine(folder, MachineFile.Name), out _);
        return other is null ? null : throw new HypervisorException(
            ErrorCode.HypervisorFailed,
            machine,
            $"The folder '{folder}', which machine {machine:D} would get, describes the machine {other.Uuid:D}. Rename that folder.");
    }

    public void Forget(Guid machine) => _lastSeen.TryRemove(machine, out _);

    private MachineRecord? FindReadable(Guid machine, out IReadOnlyList<BrokenMachine> broken, CancellationToken cancellationToken)
    {
        broken = [];
        if (_lastSeen.TryGetValue(machine, out string? folder)
            && MachineFile.Read(Path.Combine(folder, MachineFile.Name), out _) is { } document
            && document.Uuid == machine)
        {
            return new MachineRecord(folder, document);
        }

        Scan scan = ReadAll(cancellationToken);
        broken = scan.Broken;
        MachineRecord[] found = [.. scan.Machines.Where(candidate => candidate.Uuid == machine)];
        switch (found.Length)
        {
            case 0:
                Forget(machine);
                return null;
            case 1:
                _lastSeen[machine] = found[0].Folder;
                return found[0];
            default:
                throw new HypervisorException(
                    ErrorCode.HypervisorFailed,
                    machine,
                    $"The uuid {machine:D} stands in the machine.json of two folders, '{found[0].Folder}' and '{found[1].Folder}'. Give one of them another uuid or take it away.");
        }
    }

    private Scan ReadAll(CancellationToken cancellationToken)
    {
        var machines = new List<MachineRecord>();
        var broken = new List<BrokenMachine>();
        try
        {
            foreach (string folder in Directory.EnumerateDirectories(Root))
            {
                cancellationToken.ThrowIfCancellationRequested();
                byte[] text = [];
                try
                {
                    if (MachineFile.Read(Path.Combine(folder, MachineFile.Name), out text) is { } document)
                    {
                        machines.Add(new MachineRecord(folder, document));
                    }
                }
                catch (HypervisorException error)
                {
                    broken.Add(new BrokenMachine(folder, text, error));
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException(
                ErrorCode.HypervisorFailed,
                null,
                $"The folder of disk-image machines '{Root}' cannot be read: {error.Message} Check that it is mounted and readable.",
                isTransient: true,
                innerException: error);
        }

        return new Scan(machines, broken);
    }

    private readonly record struct Scan(IReadOnlyList<MachineRecord> Machines, IReadOnlyList<BrokenMachine> Broken);
}
