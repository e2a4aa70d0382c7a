using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace DisasterTolerance.Sqlite;

/// <summary>One connection to the file and its prepared statements. Used by one thread at a time.</summary>
internal sealed class CatalogConnection : IDisposable
{
    // For a program that looks into the file while we write; our own connections never wait for each other.
    private const int BusySeconds = 5;

    // Some microseconds of a statement's work.
    private const int StepsBetweenChecks = 1000;

    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _statements = [];

    private CatalogConnection(SqliteConnection connection)
    {
        _connection = connection;
        raw.sqlite3_progress_handler(connection.Handle, StepsBetweenChecks, static state => ((CatalogConnection)state).Cancellation.IsCancellationRequested ? 1 : 0, this);
    }

    public static CatalogConnection Open(string path)
    {
        var text = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWriteCreate, Pooling = false, DefaultTimeout = BusySeconds };
        var connection = new SqliteConnection(text.ToString());
        try
        {
            connection.Open();
            return new CatalogConnection(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Whether a transaction was begun and has not ended.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(_connection.Handle) == 0;

    /// <summary>Ends statements that run while it is cancelled, also those that begin later.</summary>
    public CancellationToken Cancellation { get; set; }

    /// <summary>Runs a statement and says how many rows it changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters) => Bind(sql, parameters).ExecuteNonQuery();

    /// <summary>The first column of the first row; null if there is no row or it is null.</summary>
    public object? Value(string sql, params ReadOnlySpan<(string Name, object Value)> parameters) => Bind(sql, parameters).ExecuteScalar() is { } value and not DBNull ? value : null;

    /// <summary>The rows that a statement's only column holds as JSON.</summary>
    public List<T> Rows<T>(string sql, JsonTypeInfo<T> type, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var reader = Bind(sql, parameters).ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(ReadBody(reader, type));
        }

        return rows;
    }

    /// <summary>The rows that a statement's first column holds as JSON, each with the number in its second column.</summary>
    public List<(long Number, T Row)> NumberedRows<T>(string sql, JsonTypeInfo<T> type, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var reader = Bind(sql, parameters).ExecuteReader();
        var rows = new List<(long, T)>();
        while (reader.Read())
        {
            rows.Add((reader.GetInt64(1), ReadBody(reader, type)));
        }

        return rows;
    }

    /// <summary>The first of <see cref="Rows"/>, or null.</summary>
    public T? Row<T>(string sql, JsonTypeInfo<T> type, params ReadOnlySpan<(string Name, object Value)> parameters)
        where T : class => Rows(sql, type, parameters) is [var row, ..] ? row : null;

    /// <summary>The columns of the first row, or null.</summary>
    public object[]? Columns(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var reader = Bind(sql, parameters).ExecuteReader();
        if (!reader.Read())
        {
            return null;
        }

        var values = new object[reader.FieldCount];
        reader.GetValues(values);
        return values;
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Dispose();
        }

        _connection.Dispose();
    }

    // The text's UTF-8 as it lies in SQLite's page: no copy of it, no detour through a string.
    private static T ReadBody<T>(SqliteDataReader reader, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(raw.sqlite3_column_blob(reader.Handle, 0), type) ?? throw new JsonException("The row is empty.");

    // Statements stay prepared for the connection's life; their texts are few, as lists travel as one parameter.
    private SqliteCommand Bind(string sql, ReadOnlySpan<(string Name, object Value)> parameters)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            statement = _connection.CreateCommand();
#pragma warning disable CA2100 // Every text is put together from constants of this assembly; values are parameters.
            statement.CommandText = sql;
#pragma warning restore CA2100
            _statements.Add(sql, statement);
        }

        foreach (var (name, value) in parameters)
        {
            if (statement.Parameters.Contains(name))
            {
                statement.Parameters[name].Value = value;
            }
            else
            {
                statement.Parameters.AddWithValue(name, value);
            }
        }

        return statement;
    }
}
