using System.Runtime.CompilerServices;
using DisasterTolerance.Storage;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Store;

/// <summary>
/// Repeats calls that failed with a transient error, a few times with growing pauses. Appending to an open blob is never repeated, because nobody can tell how
/// much of it happened. Thread-safe if the storage is.
/// </summary>
internal class RetryingStorage(IStorageProvider storage, TimeProvider time, ILogger log) : IStorageProvider
{
    private const int MaxAttempts = 4;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>Wraps a storage and keeps its ability to append.</summary>
    public static IStorageProvider Wrap(IStorageProvider storage, TimeProvider time, ILogger log) =>
        storage is IAppendStorage append ? new RetryingAppendStorage(append, time, log) : new RetryingStorage(storage, time, log);

    public ValueTask PutAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        // A stream that cannot go back can be sent once only.
        if (!content.CanSeek)
        {
            return storage.PutAsync(name, content, cancellationToken);
        }

        var begin = content.Position;
        var isRepeated = false;
        return new ValueTask(RunAsync(
            nameof(PutAsync),
            async () =>
            {
                content.Position = begin;
                try
                {
                    await storage.PutAsync(name, content, cancellationToken).ConfigureAwait(false);
                }
                catch (StorageException error) when (error.Code == ErrorCode.BlobExists && isRepeated)
                {
                    // The try that was reported as failed had put it.
                    await RequireLengthAsync(name, content.Length - begin, error, cancellationToken).ConfigureAwait(false);
                }

                return true;
            },
            () => isRepeated = true,
            cancellationToken));
    }

    public ValueTask<int> ReadAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        new(RunAsync(nameof(ReadAsync), () => storage.ReadAsync(name, offset, destination, cancellationToken), null, cancellationToken));

    public ValueTask<long?> GetLengthAsync(string name, CancellationToken cancellationToken) =>
        new(RunAsync(nameof(GetLengthAsync), () => storage.GetLengthAsync(name, cancellationToken), null, cancellationToken));

    public IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancellationToken) =>
        ListAsync(nameof(ListAsync), () => storage.ListAsync(prefix, cancellationToken), cancellationToken);

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => new(RunAsync(
        nameof(DeleteAsync),
        async () =>
        {
            await storage.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
            return true;
        },
        null,
        cancellationToken));

    public ValueTask<StorageSpace> GetSpaceAsync(CancellationToken cancellationToken) =>
        new(RunAsync(nameof(GetSpaceAsync), () => storage.GetSpaceAsync(cancellationToken), null, cancellationToken));

    // A listing is short (names of packs), so it is taken whole before the first one is handed out: a repetition can then not list a blob twice.
    private protected async IAsyncEnumerable<BlobInfo> ListAsync(
        string operation, Func<IAsyncEnumerable<BlobInfo>> list, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var all = await RunAsync(
            operation,
            async () =>
            {
                var found = new List<BlobInfo>();
                await foreach (var blob in list().ConfigureAwait(false))
                {
                    found.Add(blob);
                }

                return found;
            },
            null,
            cancellationToken).ConfigureAwait(false);
        foreach (var blob in all)
        {
            yield return blob;
        }
    }

    private async Task<T> RunAsync<T>(string operation, Func<ValueTask<T>> call, Action? beforeRepeat, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call().ConfigureAwait(false);
            }
            catch (StorageException error) when (error.IsTransient && attempt < MaxAttempts)
            {
                var delay = FirstDelay * (1 << (attempt - 1));
                Log.StorageRetried(log, operation, delay, attempt, error);
                await Task.Delay(delay, time, cancellationToken).ConfigureAwait(false);
                beforeRepeat?.Invoke();
            }
        }
    }

    private async ValueTask RequireLengthAsync(string name, long length, StorageException error, CancellationToken cancellationToken)
    {
        if (await storage.GetLengthAsync(name, cancellationToken).ConfigureAwait(false) != length)
        {
            throw new StorageException(error.Code, name, error.Message, false, error);
        }
    }

    private sealed class RetryingAppendStorage(IAppendStorage storage, TimeProvider time, ILogger log) : RetryingStorage(storage, time, log), IAppendStorage
    {
        public ValueTask<IAppendBlob> BeginAsync(string name, CancellationToken cancellationToken) => storage.BeginAsync(name, cancellationToken);

        public ValueTask<IAppendBlob> ResumeAsync(string name, long length, CancellationToken cancellationToken) => storage.ResumeAsync(name, length, cancellationToken);

        public IAsyncEnumerable<BlobInfo> ListOpenAsync(string prefix, CancellationToken cancellationToken) =>
            ListAsync(nameof(ListOpenAsync), () => storage.ListOpenAsync(prefix, cancellationToken), cancellationToken);
    }
}
