using System.Runtime.InteropServices;
using System.Text;
using DisasterTolerance.Store.Local;

namespace DisasterTolerance.Transport;

/// <summary>The file that holds a site's private key: written once, durable before it is used, readable by its owner only.</summary>
internal static class IdentityFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode AnybodyElse =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Reads the file, or returns null if there is none.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.IdentityUnusable"/>: others may read it, or it cannot be read.</exception>
    public static string? Read(string path)
    {
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & AnybodyElse) != 0)
            {
                throw new DisasterToleranceException(
                    ErrorCode.IdentityUnusable,
                    $"The site's private key '{path}' may be read by other users. If nobody took it, run 'chmod 600 {path}'; else delete it and give the new key to all peers.");
            }

            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, "cannot be read", e);
        }
    }

    /// <summary>Writes the file in one step. Returns false, and changes nothing, if somebody else wrote one meanwhile.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.IdentityUnusable"/>: it cannot be written.</exception>
    public static bool TryCreate(string path, string content, string temporarySuffix)
    {
        var temporary = $"{path}.{temporarySuffix}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerOnly;
            }

            using (var file = new FileStream(temporary, options))
            {
                file.Write(Encoding.ASCII.GetBytes(content));
                file.Flush();
                DurableFile.DemandFile(file.SafeFileHandle);
            }

            var isFirst = FirstName.TryTake(temporary, path);
            DurableFile.DemandDirectory(Path.GetDirectoryName(path)!);
            return isFirst;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, "cannot be written", e);
        }
        finally
        {
            if (File.Exists(temporary))
            {
                File.Delete(temporary);
            }
        }
    }

    private static DisasterToleranceException Unusable(string path, string what, Exception cause) =>
        new(ErrorCode.IdentityUnusable, $"The site's private key '{path}' {what}: {cause.Message} Check the directory's owner and space.", innerException: cause);
}
