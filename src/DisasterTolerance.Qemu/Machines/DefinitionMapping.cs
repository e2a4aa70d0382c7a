using System.Globalization;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Qemu.Machines;

/// <summary>
/// A machine as it travels inside its points, and as it lies in this site's folder. Pure. What travels is data: every member is checked, nothing of it becomes a path, a program or an option. A card keeps
/// its address; the bridge behind it is what this site maps the network's name to.
/// </summary>
internal static class DefinitionMapping
{
    private const string Append = "qemu.append";
    private const string Uefi = "qemu.uefi";
    private const string Ready = "qemu.ready-marker";
    private const string Network = "qemu.network.";
    private const int MaxNetworks = 32;

    /// <summary>The definition that travels.</summary>
    public static MachineDefinition ToDefinition(MachineDocument machine, IReadOnlyList<DiskDefinition> disks)
    {
        var properties = new Dictionary<string, string>(machine.Properties ?? [], StringComparer.Ordinal);
        if (machine.Append.Length > 0)
        {
            properties[Append] = machine.Append;
        }

        if (machine.Uefi)
        {
            properties[Uefi] = "true";
        }

        if (machine.ReadyMarker.Length > 0)
        {
            properties[Ready] = machine.ReadyMarker;
        }

        for (var i = 0; i < machine.Networks.Count; i++)
        {
            properties[Network + i.ToString(CultureInfo.InvariantCulture)] = $"{machine.Networks[i].Mac} {machine.Networks[i].Network}";
        }

        return new() { Name = machine.Name, Group = machine.Group, Cpus = machine.Cpus, MemoryBytes = machine.MemoryBytes, Disks = disks, Properties = properties };
    }

    /// <summary>The machine that a definition describes, with disks that lie here. Members that only this site knows are kept from the machine that was here before.</summary>
    /// <exception cref="ArgumentException">A member of the definition is not valid.</exception>
    public static MachineDocument ToDocument(Guid machine, MachineDefinition definition, IReadOnlyList<DiskEntry> disks, MachineDocument? before)
    {
        var rest = new Dictionary<string, string>(StringComparer.Ordinal);
        List<NetworkEntry> networks = [];
        foreach (var (name, value) in definition.Properties)
        {
            if (!name.StartsWith("qemu.", StringComparison.Ordinal))
            {
                rest[name] = value;
            }
        }

        for (var i = 0; i < MaxNetworks && definition.Properties.TryGetValue(Network + i.ToString(CultureInfo.InvariantCulture), out var card); i++)
        {
            var parts = card.Split(' ', 2);
            networks.Add(new() { Mac = parts[0], Network = parts.Length == 2 ? parts[1] : "" });
        }

        var document = (before ?? new() { Uuid = machine, Name = definition.Name, Disks = disks }) with
        {
            Uuid = machine,
            Name = definition.Name,
            Group = definition.Group,
            Cpus = definition.Cpus ?? 1,
            MemoryBytes = definition.MemoryBytes ?? 512L << 20,
            Disks = disks,
            Networks = networks,
            Append = definition.Properties.GetValueOrDefault(Append, ""),
            Uefi = definition.Properties.GetValueOrDefault(Uefi, "") == "true",
            ReadyMarker = definition.Properties.GetValueOrDefault(Ready, ""),
            Properties = rest.Count > 0 ? rest : null,
            Exports = null,
        };
        return MachineFile.FaultOf(document) is { } fault
            ? throw new ArgumentException($"The definition of machine {machine:D} is not valid: {fault}.", nameof(definition))
            : document;
    }

    public static bool IsAppend(string text) => text.Length <= 4096 && !text.Any(char.IsControl);

    public static bool IsMac(string? text) =>
        text is { Length: 17 } && text.Select((c, i) => i % 3 == 2 ? c == ':' : char.IsAsciiHexDigit(c)).All(isRight => isRight);

    public static bool IsNetworkName(string? text) =>
        text is { Length: >= 1 and <= 64 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
