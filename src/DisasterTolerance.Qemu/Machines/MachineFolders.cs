using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Qemu.Machines;

/// <summary>
/// Finds machines in the folders below a root. Thread-safe. Nothing is cached but where a machine was seen last; its definition is read anew each time, so edits by hand count at once.
/// </summary>
internal sealed class MachineFolders(string root, string? runtimeRoot, ILogger logger)
{
    private readonly ConcurrentDictionary<Guid, string> _lastSeen = new();

    public string Root => root;

    /// <summary>All machines with a usable definition. Broken definitions are logged and left out.</summary>
    public IReadOnlyList<MachineRecord> List(CancellationToken cancellationToken)
    {
        List<MachineRecord> machines = [];
        foreach (var folder in Folders())
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                if (ReadIn(folder) is { } machine)
                {
                    machines.Add(machine);
                }
            }
            catch (HypervisorException e)
            {
                Log.DefinitionBroken(logger, folder, e);
            }
        }

        foreach (var twins in machines.GroupBy(machine => machine.Uuid).Where(group => group.Count() > 1).ToList())
        {
            Log.DuplicateUuid(logger, twins.Key, twins.First().Folder, twins.Last().Folder);
            machines.RemoveAll(machine => machine.Uuid == twins.Key);
        }

        return machines;
    }

    /// <summary>A machine, or null if no folder describes it.</summary>
    /// <exception cref="HypervisorException">The root cannot be read, two folders describe the machine, or a definition that may be its own is broken.</exception>
    public MachineRecord? Find(Guid machine, CancellationToken cancellationToken)
    {
        if (_lastSeen.TryGetValue(machine, out var seen) && ReadIn(seen) is { } record && record.Uuid == machine)
        {
            return record;
        }

        MachineRecord? found = null;
        HypervisorException? broken = null;
        foreach (var folder in Folders())
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                if (ReadIn(folder) is not { } candidate || candidate.Uuid != machine)
                {
                    continue;
                }

                if (found is not null)
                {
                    throw new HypervisorException(
                        ErrorCode.HypervisorFailed, machine, $"The uuid {machine:D} stands in the machine.json of two folders, '{found.Folder}' and '{folder}'. Give one of them another uuid or take it away.");
                }

                found = candidate;
            }
            catch (HypervisorException e) when (e.Machine is null)
            {
                // A file that cannot be read may be this machine's, unless its folder has the name of another one.
                broken = Guid.TryParse(Path.GetFileName(folder), out var named) && named != machine ? broken : e;
            }
        }

        if (found is null)
        {
            return broken is null ? null : throw broken;
        }

        _lastSeen[machine] = found.Folder;
        return found;
    }

    /// <summary>A machine that must be there.</summary>
    /// <exception cref="HypervisorException">As <see cref="Find"/>, or <see cref="ErrorCode.MachineNotFound"/>.</exception>
    public MachineRecord Get(Guid machine, CancellationToken cancellationToken) => Find(machine, cancellationToken) ?? throw MachineErrors.NotFound(machine, root);

    /// <summary>Where a machine that has no folder yet gets one.</summary>
    public string NewFolder(Guid machine) => Path.Combine(root, machine.ToString("D"));

    /// <summary>Where sockets and the like of a machine lie.</summary>
    public RuntimePaths RuntimeOf(Guid machine, string folder, AttachEntry? attach) =>
        new(runtimeRoot is null ? Path.Combine(folder, "run") : Path.Combine(runtimeRoot, machine.ToString("N")[^12..]), attach);

    private MachineRecord? ReadIn(string folder) =>
        MachineFile.Read(Path.Combine(folder, MachineFile.Name)) is { } document ? new(folder, document, RuntimeOf(document.Uuid, folder, document.Attach)) : null;

    private string[] Folders()
    {
        try
        {
            return Directory.GetDirectories(root);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException(
                ErrorCode.HypervisorFailed, Guid.Empty, $"The folder of QEMU machines '{root}' cannot be read: {e.Message} Check that it is mounted and readable.", true, e);
        }
    }
}
