using DisasterTolerance.Catalog;
using DisasterTolerance.Sqlite.Reading;
using DisasterTolerance.Sqlite.Writing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Sqlite;

/// <summary>A catalog in one SQLite file: one connection writes, a few read. Thread-safe.</summary>
internal sealed partial class SqliteCatalog : ICatalog
{
    private const long WriterCacheBytes = 16L << 20;

    private readonly string _path;
    private readonly IIdSource _ids;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ReaderPool _readers = new();
    private CatalogLock? _lock;
    private CatalogConnection? _writer;
    private long _sequence;
    private int _users;
    private TaskCompletionSource? _unused;
    private Phase _phase;

    /// <param name="path">Full path of the file.</param>
    /// <param name="ids">Gives a new catalog its uuid.</param>
    /// <param name="logger">Where messages go.</param>
    public SqliteCatalog(string path, IIdSource ids, ILogger logger) => (_path, _ids, _logger) = (path, ids, logger);

    private enum Phase
    {
        New,
        Opening,
        Open,
        Closed,
    }

    public async ValueTask<CatalogState> OpenAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_phase == Phase.Closed, this);
            _phase = _phase == Phase.New ? Phase.Opening : throw new InvalidOperationException("The catalog is open already.");
        }

        try
        {
            var state = await Task.Run(Open, CancellationToken.None).ConfigureAwait(false);
            _phase = Phase.Open;
            Log.Opened(_logger, _path, state.Id, state.Sequence, state.Created);
            return state;
        }
        catch (Exception cause)
        {
            await CloseFileAsync().ConfigureAwait(false);
            _phase = Phase.New;
            if (CatalogErrors.IsExpected(cause))
            {
                throw CatalogErrors.Translate(cause, _path, CancellationToken.None);
            }

            throw;
        }
    }

    public async ValueTask<long> CommitAsync(CatalogBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        Enter();
        try
        {
            await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return batch.Changes.Count == 0 ? _sequence : await Task.Run(() => Commit(batch, cancellationToken), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _gate.Release();
            }
        }
        catch (Exception cause) when (CatalogErrors.IsExpected(cause))
        {
            throw CatalogErrors.Translate(cause, _path, cancellationToken);
        }
        finally
        {
            Leave();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task? unused = null;
        lock (_gate)
        {
            if (_phase == Phase.Opening)
            {
                throw new InvalidOperationException("The catalog is being opened.");
            }

            if (_phase == Phase.Closed)
            {
                return;
            }

            _phase = Phase.Closed;
            if (_users > 0)
            {
                unused = (_unused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }

        if (unused is not null)
        {
            await unused.ConfigureAwait(false);
        }

        var wasOpen = _writer is not null;
        await CloseFileAsync().ConfigureAwait(false);
        _gate.Dispose();
        if (wasOpen)
        {
            Log.Closed(_logger, _path, _sequence);
        }
    }

    private CatalogState Open()
    {
        if (Path.GetDirectoryName(_path) is { } directory)
        {
            Directory.CreateDirectory(directory);
        }

        // Two names of one file must not have two locks.
        var named = new FileInfo(_path);
        var file = named.LinkTarget is null ? _path : named.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        _lock = CatalogLock.Take(file);
        _writer = CatalogConnection.Open(file);
        var (id, sequence, created) = CatalogSchema.Prepare(_writer, _path, _ids);
        CatalogSchema.Tune(_writer, WriterCacheBytes, readOnly: false);
        _readers.Open(file);
        _sequence = sequence;
        return new CatalogState(id, sequence, created);
    }

    private long Commit(CatalogBatch batch, CancellationToken cancellationToken)
    {
        var writer = _writer!;
        if (writer.InTransaction)
        {
            writer.Execute("ROLLBACK");
        }

        writer.Execute("BEGIN IMMEDIATE");
        try
        {
            writer.Cancellation = cancellationToken;
            foreach (var change in batch.Changes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                BatchWriter.Apply(writer, change);
            }

            writer.Execute("UPDATE meta SET value = $value WHERE name = 'sequence'", ("$value", _sequence + 1));
            cancellationToken.ThrowIfCancellationRequested();
            writer.Cancellation = CancellationToken.None;
            writer.Execute("COMMIT");
            return ++_sequence;
        }
        catch
        {
            writer.Cancellation = CancellationToken.None;
            RollBack(writer);
            throw;
        }
    }

    // SQLite has often rolled back by itself already. The cause of the failed commit is what the caller hears of, whatever happens here.
    private void RollBack(CatalogConnection writer)
    {
        try
        {
            if (writer.InTransaction)
            {
                writer.Execute("ROLLBACK");
            }
        }
        catch (SqliteException cause)
        {
            Log.RollbackFailed(_logger, _path, cause);
        }
    }

    private async ValueTask<T> ReadAsync<T>(Func<CatalogConnection, T> read, CancellationToken cancellationToken)
    {
        Enter();
        try
        {
            return await _readers.ReadAsync(read, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception cause) when (CatalogErrors.IsExpected(cause))
        {
            throw CatalogErrors.Translate(cause, _path, cancellationToken);
        }
        finally
        {
            Leave();
        }
    }

    private void Enter()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_phase == Phase.Closed, this);
            if (_phase != Phase.Open)
            {
                throw new InvalidOperationException("The catalog is not open.");
            }

            _users++;
        }
    }

    private void Leave()
    {
        lock (_gate)
        {
            if (--_users == 0)
            {
                _unused?.SetResult();
            }
        }
    }

    private async ValueTask CloseFileAsync()
    {
        // The writer goes last: the last connection moves the log into the file. Only then may another process come.
        await _readers.DisposeAsync().ConfigureAwait(false);
        _writer?.Dispose();
        _writer = null;
        _lock?.Dispose();
        _lock = null;
    }
}
