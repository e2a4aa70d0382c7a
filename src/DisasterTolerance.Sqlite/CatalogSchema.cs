using System.Globalization;

namespace DisasterTolerance.Sqlite;

/// <summary>The tables and indexes of the file, as <c>docs/catalog.md</c> describes them.</summary>
internal static class CatalogSchema
{
    /// <summary>Version of tables, columns and members' names. A file of a later version is refused.</summary>
    public const long Version = 1;

    /// <summary>"DTCT" in the file's header: tells our file from any other SQLite database.</summary>
    public const long ApplicationId = 0x44544354;

    // Every index of a paged list holds the order, then the columns that filter, so that pages are read in order and rows that do not match are passed over without being read.
    private const string Tables = """
        CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE plans (
            uuid BLOB NOT NULL PRIMARY KEY, version INTEGER NOT NULL, created INTEGER NOT NULL, deleted INTEGER NOT NULL,
            master BLOB NOT NULL, slave BLOB NOT NULL, type TEXT NOT NULL, name_lower TEXT NOT NULL, body TEXT NOT NULL) STRICT;
        CREATE INDEX plans_by_created ON plans (created DESC, uuid, deleted, master, slave, type, name_lower);

        CREATE TABLE machines (
            uuid BLOB NOT NULL PRIMARY KEY, version INTEGER NOT NULL, plan BLOB NOT NULL, master_uuid BLOB NOT NULL, slave_uuid BLOB NOT NULL,
            created INTEGER NOT NULL, removed INTEGER NOT NULL, next_run INTEGER, name_lower TEXT NOT NULL,
            hidden INTEGER NOT NULL, plan_master BLOB, plan_slave BLOB, plan_type TEXT, plan_name_lower TEXT, body TEXT NOT NULL) STRICT;
        CREATE INDEX machines_by_created ON machines (created DESC, uuid, hidden, plan_type, plan_master, plan_slave, name_lower, plan_name_lower);
        CREATE INDEX machines_by_plan ON machines (plan, created DESC, uuid, hidden, plan_type, plan_master, plan_slave);
        CREATE INDEX machines_by_master ON machines (plan_master, created DESC, uuid, hidden, plan_type, plan_slave);
        CREATE INDEX machines_by_slave ON machines (plan_slave, created DESC, uuid, hidden, plan_type);
        CREATE INDEX machines_by_master_uuid ON machines (master_uuid);
        CREATE INDEX machines_by_slave_uuid ON machines (slave_uuid);
        CREATE INDEX machines_due ON machines (next_run, uuid) WHERE removed = 0 AND next_run IS NOT NULL;

        CREATE TABLE points (
            uuid BLOB NOT NULL, site BLOB NOT NULL, version INTEGER NOT NULL, machine BLOB NOT NULL, name TEXT NOT NULL, began INTEGER NOT NULL, sequence INTEGER NOT NULL,
            committed INTEGER NOT NULL, removed INTEGER NOT NULL, facts INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (uuid, site)) STRICT;
        CREATE INDEX points_by_began ON points (began DESC, sequence DESC, uuid, site, removed, committed);
        CREATE INDEX points_by_machine ON points (machine, began DESC, sequence DESC, uuid, site, removed, committed, facts);
        CREATE INDEX points_by_name ON points (name, began DESC, sequence DESC, uuid, site, removed, machine);

        CREATE TABLE links (uuid BLOB NOT NULL PRIMARY KEY, version INTEGER NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
        CREATE INDEX links_by_created ON links (created DESC, uuid);

        CREATE TABLE sessions (uuid BLOB NOT NULL PRIMARY KEY, version INTEGER NOT NULL, started INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
        CREATE INDEX sessions_by_started ON sessions (started, uuid);

        CREATE TABLE runs (uuid BLOB NOT NULL PRIMARY KEY, machine BLOB NOT NULL, started INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
        CREATE INDEX runs_by_machine ON runs (machine, started DESC, uuid);

        CREATE TABLE audit (sequence INTEGER NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT;
        """;

    /// <summary>Makes the tables of a new file, or checks those of an old one.</summary>
    /// <returns>The catalog's uuid, the number of its last commit, and whether it was made now.</returns>
    public static (Guid Id, long Sequence, bool Created) Prepare(CatalogConnection connection, string path, IIdSource ids)
    {
        // Nothing of the file may be changed before it is known to be ours, not even its journal mode.
        var application = (long)connection.Value("PRAGMA application_id")!;
        var created = application == 0 && (long)connection.Value("SELECT count(*) FROM sqlite_schema")! == 0;
        if (!created && application != ApplicationId)
        {
            throw new DisasterToleranceException(
                ErrorCode.CatalogFailed, $"{path} is not a catalog but a SQLite database of another program. It was left as it is. Give this site another path.");
        }

        if (!created)
        {
            CheckVersion(connection, path);
        }

        UseLog(connection, path);
        if (created)
        {
            Create(connection, ids);
        }

        var id = new Guid((byte[])connection.Value("SELECT value FROM meta WHERE name = 'id'")!, bigEndian: true);
        return (id, (long)connection.Value("SELECT value FROM meta WHERE name = 'sequence'")!, created);
    }

    /// <summary>Settings of every connection.</summary>
    public static void Tune(CatalogConnection connection, long cacheBytes, bool readOnly)
    {
        // FULL: the log is flushed to the medium at every commit, before it is acknowledged.
        connection.Execute("PRAGMA synchronous = FULL");
        connection.Execute("PRAGMA temp_store = MEMORY");
        connection.Execute("PRAGMA trusted_schema = OFF");
        connection.Execute("PRAGMA journal_size_limit = 67108864");
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size = -{cacheBytes / 1024}"));
        connection.Execute(readOnly ? "PRAGMA query_only = ON" : "PRAGMA query_only = OFF");
    }

    private static void CheckVersion(CatalogConnection connection, string path)
    {
        if (connection.Value("SELECT value FROM meta WHERE name = 'schema_version'") is not long version || version != Version)
        {
            throw new DisasterToleranceException(
                ErrorCode.FormatVersion,
                $"Catalog {path} was written by a release with another schema version; this one reads version {Version}. It was left as it is. Start the release that wrote it, or a later one.");
        }
    }

    private static void UseLog(CatalogConnection connection, string path)
    {
        if (connection.Value("PRAGMA journal_mode = WAL") is not "wal")
        {
            throw new DisasterToleranceException(
                ErrorCode.CatalogFailed, $"Catalog {path} cannot use a write-ahead log: its file system has no shared memory. Put it on a local file system.");
        }
    }

    private static void Create(CatalogConnection connection, IIdSource ids)
    {
        connection.Execute("BEGIN IMMEDIATE");
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}"));
        connection.Execute(Tables);
        connection.Execute(
            "INSERT INTO meta (name, value) VALUES ('schema_version', $version), ('id', $id), ('sequence', 0)", ("$version", Version), ("$id", ColumnValues.Of(ids.NewId())));
        connection.Execute("COMMIT");
    }
}
