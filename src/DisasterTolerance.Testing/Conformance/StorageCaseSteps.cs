using DisasterTolerance.Storage;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Steps that many cases take.</summary>
internal static class StorageCaseSteps
{
    public const string Blob = "folder/blob-1";

    public static byte[] Content(int length, int version = 1) => TestContent.Of(length, 0, version);

    public static async Task PutAsync(this StorageFixture fixture, string name, byte[] content, CancellationToken cancellationToken)
    {
        using var stream = new MemoryStream(content);
        await fixture.Storage.PutAsync(name, stream, cancellationToken).ConfigureAwait(false);
    }

    public static async Task<byte[]> ReadAsync(this IStorageProvider storage, string name, long offset, int length, CancellationToken cancellationToken)
    {
        var buffer = new byte[length];
        var read = await storage.ReadAsync(name, offset, buffer, cancellationToken).ConfigureAwait(false);
        return buffer[..read];
    }

    public static async Task ExpectBlobAsync(this StorageFixture fixture, string name, byte[] content, CancellationToken cancellationToken)
    {
        Expect.Equal<long?>(content.Length, await fixture.Storage.GetLengthAsync(name, cancellationToken).ConfigureAwait(false), $"The length of {name}");
        Expect.Content(content, await fixture.Storage.ReadAsync(name, 0, content.Length + 10, cancellationToken).ConfigureAwait(false), 0, name);
    }

    public static async Task ExpectNoneAsync(this StorageFixture fixture, string name, CancellationToken cancellationToken)
    {
        Expect.Equal(null, await fixture.Storage.GetLengthAsync(name, cancellationToken).ConfigureAwait(false), $"The length of {name}, which does not exist,");
        await Expect.ErrorAsync(
            ErrorCode.BlobNotFound, () => fixture.Storage.ReadAsync(name, 0, new byte[1], cancellationToken).AsTask(), $"Reading {name}, which does not exist,").ConfigureAwait(false);
    }

    public static async Task ExpectListAsync(IAsyncEnumerable<BlobInfo> listing, BlobInfo[] expected, string what, CancellationToken cancellationToken)
    {
        var found = new List<BlobInfo>();
        await foreach (var blob in listing.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            found.Add(blob);
        }

        Expect.That(found.SequenceEqual(expected), $"{what} lists [{string.Join(", ", found)}], but should list [{string.Join(", ", expected)}].");
    }
}
