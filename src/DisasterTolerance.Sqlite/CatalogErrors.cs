using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace DisasterTolerance.Sqlite;

/// <summary>Says in our words what went wrong with the file. Pure functions.</summary>
internal static class CatalogErrors
{
    private const int Permission = 3;
    private const int Busy = 5;
    private const int Locked = 6;
    private const int ReadOnly = 8;
    private const int Interrupted = 9;
    private const int InputOutput = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    public static bool IsExpected(Exception exception) => exception is SqliteException or IOException or UnauthorizedAccessException or JsonException;

    public static Exception Translate(Exception cause, string path, CancellationToken cancellationToken) => cause switch
    {
        SqliteException { SqliteErrorCode: Interrupted } when cancellationToken.IsCancellationRequested => new OperationCanceledException(cause.Message, cause, cancellationToken),
        SqliteException sqlite => Translate(sqlite, path),
        JsonException => Failed($"Catalog {path} holds a row that cannot be read ({cause.Message}): it was damaged or edited by hand. Restore a copy of the file.", cause),
        _ => Failed($"Catalog {path} cannot be opened: {cause.Message} Check that the directory exists and that this process may write there.", cause),
    };

    private static DisasterToleranceException Translate(SqliteException cause, string path) => cause.SqliteErrorCode switch
    {
        Full => new DisasterToleranceException(
            ErrorCode.StorageFull, $"Catalog {path} cannot grow: its file system is full. Nothing was changed. Free some space there and try again.", isTransient: true, cause),
        Busy or Locked => new DisasterToleranceException(
            ErrorCode.StoreInUse, $"Catalog {path} is locked by another program, for instance a database browser. Close it and try again.", isTransient: true, cause),
        NotADatabase => Failed($"{path} is not a catalog: its content is not a SQLite database. It was left as it is. Give this site another path, or restore a copy of the catalog there.", cause),
        Corrupt => Failed($"Catalog {path} is damaged ({Detail(cause)}). Stop the site, keep the file aside and restore a copy of it.", cause),
        CannotOpen or Permission or ReadOnly => Failed(
            $"Catalog {path} cannot be opened for writing ({Detail(cause)}). Check that the directory exists and that this process may write to it and to the file.", cause),
        InputOutput => Failed($"Catalog {path} could not be read or written ({Detail(cause)}). Check the disk and its file system, then start the site again.", cause),
        _ => Failed($"Catalog {path} failed ({Detail(cause)}). Start the site again; if it fails again, restore a copy of the file.", cause),
    };

    private static DisasterToleranceException Failed(string message, Exception cause) => new(ErrorCode.CatalogFailed, message, isTransient: false, cause);

    private static string Detail(SqliteException cause) => $"SQLite error {cause.SqliteExtendedErrorCode}: {cause.Message}";
}
