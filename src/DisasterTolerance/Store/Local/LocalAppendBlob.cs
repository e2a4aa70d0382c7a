using DisasterTolerance.Storage;
using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Store.Local;

/// <summary>An open blob as a file. See <see cref="IAppendBlob"/>.</summary>
internal sealed class LocalAppendBlob(
    string name, string open, string final, SafeFileHandle file, long length, IFileSync sync, LocalDirectoryStorage storage) : IAppendBlob
{
    private bool _isAbandoned, _isClosed;

    public string Name => name;

    public long Length { get; private set; } = length;

    public ValueTask AppendAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => RunAsync(async () =>
    {
        await RandomAccess.WriteAsync(file, content, Length, cancellationToken).ConfigureAwait(false);
        Length += content.Length;
    });

    public ValueTask FlushAsync(CancellationToken cancellationToken) => RunAsync(async () =>
    {
        // Off the caller's thread: the kernel may take as long as it likes.
        var error = await Task.Run(() => sync.SyncFile(file), CancellationToken.None).ConfigureAwait(false);
        LocalDirectoryStorage.Check(error, "fsync", name, open);
    });

    public ValueTask SealAsync(CancellationToken cancellationToken) => RunAsync(async () =>
    {
        var error = await Task.Run(() => sync.SyncFile(file), CancellationToken.None).ConfigureAwait(false);
        LocalDirectoryStorage.Check(error, "fsync", name, open);
        File.Move(open, final, overwrite: false);
        _isAbandoned = true;
        LocalDirectoryStorage.Check(sync.SyncDirectory(LocalDirectoryStorage.DirectoryOf(final)), "fsync of the directory", name, final);
    });

    public ValueTask DisposeAsync()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            file.Dispose();
            storage.Released(name, open);
        }

        return ValueTask.CompletedTask;
    }

    private async ValueTask RunAsync(Func<Task> work)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        if (_isAbandoned)
        {
            throw new StorageException(ErrorCode.StorageFailed, name, $"Open blob {name} was sealed or abandoned after an error. Begin another one.");
        }

        var isSound = false;
        try
        {
            await work().ConfigureAwait(false);
            isSound = true;
        }
        catch (Exception error) when (LocalErrors.IsFileError(error))
        {
            throw LocalErrors.Translate(error, name, open);
        }
        finally
        {
            _isAbandoned |= !isSound;
        }
    }
}
