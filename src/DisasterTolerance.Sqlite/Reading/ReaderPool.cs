using System.Threading.Channels;

namespace DisasterTolerance.Sqlite.Reading;

/// <summary>A few connections that read while another one writes. Thread-safe.</summary>
internal sealed class ReaderPool : IAsyncDisposable
{
    private const int Size = 4;
    private const long CacheBytes = 8L << 20;

    private readonly Channel<CatalogConnection> _idle = Channel.CreateBounded<CatalogConnection>(Size);
    private int _count;

    /// <summary>Opens all connections to a file that is a catalog already.</summary>
    public void Open(string path)
    {
        while (_count < Size)
        {
            var connection = CatalogConnection.Open(path);
            _idle.Writer.TryWrite(connection);
            _count++;
            CatalogSchema.Tune(connection, CacheBytes, readOnly: true);
        }
    }

    /// <summary>Reads in one snapshot of the catalog. Cancelling ends a statement that runs.</summary>
    public async ValueTask<T> ReadAsync<T>(Func<CatalogConnection, T> read, CancellationToken cancellationToken)
    {
        var connection = await _idle.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Read(connection, read, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _idle.Writer.TryWrite(connection);
        }
    }

    /// <summary>Closes every connection when its read has ended. Nobody may ask for one meanwhile.</summary>
    public async ValueTask DisposeAsync()
    {
        for (; _count > 0; _count--)
        {
            (await _idle.Reader.ReadAsync().ConfigureAwait(false)).Dispose();
        }
    }

    private static T Read<T>(CatalogConnection connection, Func<CatalogConnection, T> read, CancellationToken cancellationToken)
    {
        try
        {
            connection.Cancellation = cancellationToken;
            connection.Execute("BEGIN");
            return read(connection);
        }
        finally
        {
            // The transaction ends in any case, so the connection goes back usable.
            connection.Cancellation = CancellationToken.None;
            if (connection.InTransaction)
            {
                connection.Execute("COMMIT");
            }
        }
    }
}
