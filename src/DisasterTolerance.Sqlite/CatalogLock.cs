namespace DisasterTolerance.Sqlite;

/// <summary>
/// Keeps other processes from using the same catalog. Held by the open file, so the system lets go of it however the process ends. The file stays: taking it away could let two
/// processes hold locks on two files of one name.
/// </summary>
internal sealed class CatalogLock : IDisposable
{
    private const int SharingViolation = unchecked((int)0x80070020);
    private const int WouldBlockLinux = 11;
    private const int WouldBlockMac = 35;

    private readonly FileStream _file;

    private CatalogLock(FileStream file) => _file = file;

    public static CatalogLock Take(string database)
    {
        try
        {
            return new CatalogLock(new FileStream(database + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1));
        }
        catch (IOException cause) when (cause.HResult is SharingViolation or WouldBlockLinux or WouldBlockMac)
        {
            throw new DisasterToleranceException(
                ErrorCode.StoreInUse,
                $"Catalog {database} is in use by another process or another site of this one. Stop that one first, or give this site a path of its own.",
                isTransient: true,
                cause);
        }
    }

    public void Dispose() => _file.Dispose();
}
