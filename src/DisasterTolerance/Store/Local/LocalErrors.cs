using System.Runtime.InteropServices;

namespace DisasterTolerance.Store.Local;

/// <summary>Errors of the file system in the terms of the storage contract.</summary>
internal static class LocalErrors
{
    private const int NoSuchFile = 2;
    private const int Again = 11;
    private const int TooManyFilesInSystem = 23;
    private const int TooManyFiles = 24;
    private const int NoSpace = 28;
    private const int OverQuota = 122;
    private const int WindowsDiskFull = 0x70;
    private const int WindowsHandleDiskFull = 0x27;

    public static bool IsFileError(Exception error) => error is IOException or UnauthorizedAccessException;

    public static StorageException Translate(Exception error, string? blob, string path)
    {
        var number = error is IOException ? error.HResult & 0xFFFF : 0;
        return blob is not null && (error is FileNotFoundException or DirectoryNotFoundException)
            ? NotFound(blob, path, error)
            : Create(number, error.Message, blob, path, error);
    }

    public static StorageException FromNumber(int number, string doing, string? blob, string path) =>
        number == NoSuchFile
            ? NotFound(blob, path, null)
            : Create(number, $"{doing} failed: {Marshal.GetPInvokeErrorMessage(number)} (error {number})", blob, path, null);

    public static StorageException NotFound(string? blob, string path, Exception? cause) =>
        new(ErrorCode.BlobNotFound, blob, $"There is no blob {blob} ({path}). If nobody deleted it, restore it from a copy or fetch its records from the other site.", false, cause);

    public static StorageException Exists(string blob, string path) =>
        new(ErrorCode.BlobExists, blob, $"There is a blob {blob} already ({path}). Blobs are never replaced; choose another name.");

    private static StorageException Create(int number, string message, string? blob, string path, Exception? cause)
    {
        var isFull = OperatingSystem.IsWindows() ? number is WindowsDiskFull or WindowsHandleDiskFull : number is NoSpace or OverQuota;
        return isFull
            ? new StorageException(ErrorCode.StorageFull, blob, $"The storage at {path} is full: {message} Free space or raise the quota; older recovery points are not harmed.", false, cause)
            : new StorageException(
                ErrorCode.StorageFailed, blob, $"The storage at {path} failed: {message} Check the device, the mount and its permissions, then run again.",
                number is Again or TooManyFiles or TooManyFilesInSystem, cause);
    }
}
