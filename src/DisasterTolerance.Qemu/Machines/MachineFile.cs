using System.Text.Json;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Qemu.Machines;

/// <summary>Reads, checks and writes <c>machine.json</c>.</summary>
internal static class MachineFile
{
    public const string Name = "machine.json";

    private const long MaxBytes = 1 << 20;

    /// <summary>Reads and checks a definition.</summary>
    /// <returns>Null if there is no such file.</returns>
    /// <exception cref="HypervisorException">The file cannot be read, or is not valid: names the file and the member.</exception>
    public static MachineDocument? Read(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length > MaxBytes)
            {
                throw Broken(path, $"it is longer than {MaxBytes} bytes", null);
            }

            var document = JsonSerializer.Deserialize(file, QemuJson.Default.MachineDocument) ?? throw Broken(path, "it holds null", null);
            return FaultOf(document) is { } fault ? throw Broken(path, fault, null) : document;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw Broken(path, e.Message.TrimEnd('.'), e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException(ErrorCode.HypervisorFailed, null, $"'{path}' cannot be read: {e.Message} Check the file's permissions and its device.", true, e);
        }
    }

    /// <summary>Replaces a definition in one step that survives a power loss.</summary>
    /// <exception cref="HypervisorException">It could not be written, or would be longer than what is read again; then the old one is still there.</exception>
    public static void Write(string folder, MachineDocument document)
    {
        if (JsonSerializer.SerializeToUtf8Bytes(document, QemuJson.Readable.MachineDocument).LongLength >= MaxBytes)
        {
            throw Broken(Path.Combine(folder, Name), $"it would be longer than {MaxBytes} bytes", null);
        }

        try
        {
            DurableFile.Replace(Path.Combine(folder, Name), document, QemuJson.Readable.MachineDocument);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw MachineErrors.Folder(document.Uuid, folder, e);
        }
    }

    /// <summary>What is wrong with a definition; null if nothing is.</summary>
    public static string? FaultOf(MachineDocument document)
    {
        if (document.Uuid == Guid.Empty)
        {
            return "$.uuid is all zeros";
        }

        if (document.Name.Length is 0 or > 256)
        {
            return "$.name must have 1 to 256 characters";
        }

        if (document.Cpus is < 1 or > 1024 || document.MemoryBytes is < (1L << 20) or > (1L << 45))
        {
            return "$.cpus must be 1 to 1,024 and $.memoryBytes 1 MiB to 32 TiB";
        }

        if (!DefinitionMapping.IsAppend(document.Append))
        {
            return "$.append must be one line of at most 4,096 characters";
        }

        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var disk in document.Disks)
        {
            if (disk is null || !DiskDefinition.IsValidId(disk.Id) || !ids.Add(disk.Id))
            {
                return $"the id of a disk, '{disk?.Id}', must be unique, of 1 to 64 characters a-z A-Z 0-9 . _ -, and not begin with a dot";
            }

            if (disk.Path.Length == 0 || disk.Path.Contains('\0', StringComparison.Ordinal) || !Enum.IsDefined(disk.Format) || !Enum.IsDefined(disk.Kind))
            {
                return $"disk '{disk.Id}' has a path, format or kind that is none";
            }
        }

        return document.Networks.Any(n => n is null || !DefinitionMapping.IsMac(n.Mac) || !DefinitionMapping.IsNetworkName(n.Network))
            ? "$.networks needs a mac of six hex pairs with colons and a network of 1 to 64 characters a-z A-Z 0-9 . _ -"
            : null;
    }

    private static HypervisorException Broken(string path, string why, Exception? cause) =>
        new(ErrorCode.HypervisorFailed, null, $"'{path}' is not a valid machine definition: {why}. Correct the file; the other machines are not concerned.", innerException: cause);
}
