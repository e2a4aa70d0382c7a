using DisasterTolerance.Storage;

namespace DisasterTolerance.Benchmarks.Store;

/// <summary>A storage that takes every byte and keeps none, so that a benchmark measures the store and nothing below it. Only what a store asks for that was just made.</summary>
internal sealed class DiscardingStorage : IAppendStorage
{
    public async ValueTask PutAsync(string name, Stream content, CancellationToken cancellationToken) => await content.CopyToAsync(Stream.Null, cancellationToken);

    public ValueTask<int> ReadAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        throw new StorageException(ErrorCode.BlobNotFound, name, $"{name} was not kept.");

    public ValueTask<long?> GetLengthAsync(string name, CancellationToken cancellationToken) => new((long?)null);

    public IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancellationToken) => AsyncEnumerable.Empty<BlobInfo>();

    public IAsyncEnumerable<BlobInfo> ListOpenAsync(string prefix, CancellationToken cancellationToken) => AsyncEnumerable.Empty<BlobInfo>();

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<StorageSpace> GetSpaceAsync(CancellationToken cancellationToken) => new(new StorageSpace(long.MaxValue, long.MaxValue));

    public ValueTask<IAppendBlob> BeginAsync(string name, CancellationToken cancellationToken) => new(new Blob(name));

    public ValueTask<IAppendBlob> ResumeAsync(string name, long length, CancellationToken cancellationToken) => new(new Blob(name));

    private sealed class Blob(string name) : IAppendBlob
    {
        public string Name => name;

        public long Length { get; private set; }

        public ValueTask AppendAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            Length += content.Length;
            return ValueTask.CompletedTask;
        }

        public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask SealAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
