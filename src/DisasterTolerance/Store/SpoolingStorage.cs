using System.Runtime.CompilerServices;
using DisasterTolerance.Storage;
using DisasterTolerance.Store.Local;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Store;

/// <summary>
/// Lets a storage append that cannot: open blobs grow in a local directory and become blobs of the storage when they are sealed. What is acknowledged is durable
/// in the spool first. Thread-safe.
/// </summary>
internal sealed class SpoolingStorage : IAppendStorage, IDisposable
{
    private readonly IStorageProvider _storage;
    private readonly LocalDirectoryStorage _spool;
    private readonly ILogger _log;

    private SpoolingStorage(IStorageProvider storage, LocalDirectoryStorage spool, ILogger log) => (_storage, _spool, _log) = (storage, spool, log);

    /// <summary>Opens the spool and uploads what an earlier process had sealed but not uploaded.</summary>
    public static async ValueTask<SpoolingStorage> OpenAsync(IStorageProvider storage, string? directory, ILogger log, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(directory))
        {
            throw new DisasterToleranceException(
                ErrorCode.InvalidArgument, $"The storage cannot append, so packs need a local spool. Set {nameof(StoreOptions)}.{nameof(StoreOptions.SpoolDirectory)}.");
        }

        var local = LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = directory });
        var spooling = new SpoolingStorage(storage, local, log);
        var left = new List<string>();
        await foreach (var blob in local.ListAsync("", cancellationToken).ConfigureAwait(false))
        {
            left.Add(blob.Name);
        }

        foreach (var name in left)
        {
            await spooling.UploadAsync(name, cancellationToken).ConfigureAwait(false);
        }

        return spooling;
    }

    public ValueTask PutAsync(string name, Stream content, CancellationToken cancellationToken) =>
        _spool.IsOpen(name) ? throw Exists(name) : _storage.PutAsync(name, content, cancellationToken);

    public async ValueTask<int> ReadAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            return await _storage.ReadAsync(name, offset, destination, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException error) when (error.Code == ErrorCode.BlobNotFound)
        {
            return await _spool.ReadAsync(name, offset, destination, cancellationToken).ConfigureAwait(false);
        }
    }

    public ValueTask<long?> GetLengthAsync(string name, CancellationToken cancellationToken) => _storage.GetLengthAsync(name, cancellationToken);

    public IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancellationToken) => _storage.ListAsync(prefix, cancellationToken);

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => _storage.DeleteAsync(name, cancellationToken);

    public ValueTask<StorageSpace> GetSpaceAsync(CancellationToken cancellationToken) => _storage.GetSpaceAsync(cancellationToken);

    public async ValueTask<IAppendBlob> BeginAsync(string name, CancellationToken cancellationToken)
    {
        if (await _storage.GetLengthAsync(name, cancellationToken).ConfigureAwait(false) is not null)
        {
            throw Exists(name);
        }

        return new SpooledBlob(await _spool.BeginAsync(name, cancellationToken).ConfigureAwait(false), this);
    }

    public async ValueTask<IAppendBlob> ResumeAsync(string name, long length, CancellationToken cancellationToken) =>
        new SpooledBlob(await _spool.ResumeAsync(name, length, cancellationToken).ConfigureAwait(false), this);

    public IAsyncEnumerable<BlobInfo> ListOpenAsync(string prefix, CancellationToken cancellationToken) => _spool.ListOpenAsync(prefix, cancellationToken);

    public void Dispose() => _spool.Dispose();

    private static StorageException Exists(string name) =>
        new(ErrorCode.BlobExists, name, $"There is a blob {name} already. Blobs are never replaced; choose another name.");

    private async ValueTask UploadAsync(string name, CancellationToken cancellationToken)
    {
        var length = await _spool.GetLengthAsync(name, cancellationToken).ConfigureAwait(false) ?? 0;
        try
        {
            using var content = new BlobStream(_spool, name, length);
            await _storage.PutAsync(name, content, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException error) when (error.Code == ErrorCode.BlobExists)
        {
            // The upload before was complete; only its spool file was left.
            Log.SpoolUploadedBefore(_log, name);
        }

        await _spool.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
    }

    private sealed class SpooledBlob(IAppendBlob inner, SpoolingStorage owner) : IAppendBlob
    {
        public string Name => inner.Name;

        public long Length => inner.Length;

        public ValueTask AppendAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => inner.AppendAsync(content, cancellationToken);

        public ValueTask FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public async ValueTask SealAsync(CancellationToken cancellationToken)
        {
            await inner.SealAsync(cancellationToken).ConfigureAwait(false);
            await owner.UploadAsync(inner.Name, cancellationToken).ConfigureAwait(false);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
