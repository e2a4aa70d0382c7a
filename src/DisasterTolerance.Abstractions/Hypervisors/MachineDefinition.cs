using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace DisasterTolerance.Hypervisors;

/// <summary>
/// What is needed to make a machine on another site: data only. It travels inside every recovery point. Immutable. A receiver must treat every member as
/// untrusted input: names are for display, ids and properties are checked before use, and nothing in it is a path or a command.
/// </summary>
public sealed record MachineDefinition
{
    /// <summary>The machine's name for people, 1 to 256 characters.</summary>
    public required string Name { get; init; }

    /// <summary>All disks, and other content such as firmware variables, in the machine's order.</summary>
    public required IReadOnlyList<DiskDefinition> Disks { get; init; }

    /// <summary>The group for display; empty for none.</summary>
    public string Group { get; init; } = "";

    /// <summary>Virtual processors, or null if the provider has no such notion.</summary>
    public int? Cpus { get; init; }

    /// <summary>Memory in bytes, or null if the provider has no such notion.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Further facts by name that only providers of the same kind understand, for instance device models and MAC addresses.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();
}

/// <summary>A disk, or other content of a machine that travels inside its points. Immutable.</summary>
/// <param name="Id">Stable for the life of the disk and unique in the machine: 1 to 64 characters of <c>a-z A-Z 0-9 . _ -</c>, not beginning with a dot.</param>
/// <param name="LengthBytes">Exact length in bytes; zero is allowed.</param>
/// <param name="Kind">What the content is.</param>
public sealed record DiskDefinition(string Id, long LengthBytes, DiskKind Kind = DiskKind.Disk)
{
    private static readonly SearchValues<char> IdCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

    /// <summary>Whether a text keeps the rule for disk ids, so that it is safe as part of a file name. Ids come from other sites: check them before any use.</summary>
    /// <param name="id">Any text.</param>
    public static bool IsValidId([NotNullWhen(true)] string? id) =>
        id is { Length: >= 1 and <= 64 } && id[0] != '.' && !id.AsSpan().ContainsAnyExcept(IdCharacters);
}

/// <summary>What a disk's content is. All kinds are captured and restored in the same way.</summary>
public enum DiskKind
{
    /// <summary>A disk that the guest sees.</summary>
    Disk = 0,
    /// <summary>Firmware variables.</summary>
    Nvram = 1,
    /// <summary>A kernel that the machine boots directly.</summary>
    Kernel = 2,
    /// <summary>An initial RAM disk for a kernel that the machine boots directly.</summary>
    Initrd = 3,
}
