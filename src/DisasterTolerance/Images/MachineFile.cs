using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Store.Local;

namespace DisasterTolerance.Images;

/// <summary>Reads and writes <c>machine.json</c>.</summary>
internal static class MachineFile
{
    public const string Name = "machine.json";

    private const long MaxBytes = 1 << 20;

    /// <summary>Reads and checks a definition.</summary>
    /// <param name="path">The file.</param>
    /// <param name="text">Its bytes as far as they could be read, also if the call fails; to find out whose definition a broken one is.</param>
    /// <returns>Null if there is no such file.</returns>
    /// <exception cref="HypervisorException">The file cannot be read, or is not valid: names the file and the position.</exception>
    public static MachineDocument? Read(string path, out byte[] text)
    {
        text = [];
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            if (file.Length > MaxBytes)
            {
                throw Broken(path, $"it is longer than {MaxBytes} bytes", null);
            }

            text = new byte[file.Length];
            file.ReadExactly(text);
            MachineDocument document = JsonSerializer.Deserialize(WithoutMark(text), ImageJson.Default.MachineDocument)
                ?? throw Broken(path, "it holds null", null);
            Check(path, document);
            return document;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException error)
        {
            throw Broken(path, $"line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}: {WithoutPosition(error.Message)}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HypervisorException(
                ErrorCode.HypervisorFailed,
                null,
                $"'{path}' cannot be read: {error.Message} Check the file's permissions and its device.",
                isTransient: true,
                innerException: error);
        }
    }

    /// <summary>Replaces a JSON file in one step that survives a power loss.</summary>
    public static async ValueTask ReplaceAsync<T>(string path, T document, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        string next = path + ".new";
        byte[] text = [.. JsonSerializer.SerializeToUtf8Bytes(document, type), (byte)'\n'];
        File.Delete(next);
        using (ImageFile file = ImageFile.Create(next))
        {
            await file.WriteAsync(0, text, cancellationToken).ConfigureAwait(false);
            file.Sync();
        }

        File.Move(next, path, overwrite: true);
        DurableFile.DemandDirectory(Path.GetDirectoryName(path)!);
    }

    private static void Check(string path, MachineDocument document)
    {
        if (document.Uuid == Guid.Empty)
        {
            throw Broken(path, "$.uuid is all zeros", null);
        }

        if (document.Name.Length is 0 or > 256)
        {
            throw Broken(path, "$.name must have 1 to 256 characters", null);
        }

        if (document.Power is not (MachineDocument.PowerOn or MachineDocument.PowerOff))
        {
            throw Broken(path, $"$.power is '{document.Power}', but must be 'on' or 'off'", null);
        }

        if (document.Ips.Contains(null!) || document.Properties?.ContainsValue(null!) == true)
        {
            throw Broken(path, "$.ips and $.properties must not hold null", null);
        }

        var ids = new HashSet<string>(StringComparer.Ordinal);
        var paths = new HashSet<string>(StringComparer.Ordinal);
        for (int index = 0; index < document.Disks.Count; index++)
        {
            // The parser checks members for null, but not elements.
            DiskEntry disk = document.Disks[index] ?? throw Broken(path, $"$.disks[{index}] is null", null);
            if (!DiskDefinition.IsValidId(disk.Id) || !ids.Add(disk.Id))
            {
                throw Broken(path, $"$.disks[{index}].id '{disk.Id}' must be unique, of 1 to 64 characters a-z A-Z 0-9 . _ -, and not begin with a dot", null);
            }

            if (disk.Path.Length == 0 || disk.Path.Contains('\0', StringComparison.Ordinal))
            {
                throw Broken(path, $"$.disks[{index}].path is no path", null);
            }

            if (!paths.Add(MachineRecord.Resolve(Path.GetDirectoryName(path)!, disk.Path)))
            {
                throw Broken(path, $"$.disks[{index}].path '{disk.Path}' is the file of another disk too", null);
            }

            if (disk.Kind is not null && !Enum.TryParse<DiskKind>(disk.Kind, ignoreCase: true, out _))
            {
                throw Broken(path, $"$.disks[{index}].kind '{disk.Kind}' is not one of {string.Join(", ", Enum.GetNames<DiskKind>())}", null);
            }
        }
    }

    /// <summary>The parser adds its own position, counted from zero.</summary>
    private static string WithoutPosition(string message)
    {
        int position = message.IndexOf(" | LineNumber:", StringComparison.Ordinal);
        return (position < 0 ? message : message[..position]).TrimEnd('.');
    }

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> text) => text.StartsWith("\uFEFF"u8) ? text[3..] : text;

    private static HypervisorException Broken(string path, string why, Exception? cause) =>
        new(ErrorCode.HypervisorFailed, null, $"'{path}' is not a valid machine definition: {why}. Correct the file; the other machines are not concerned.", innerException: cause);
}
