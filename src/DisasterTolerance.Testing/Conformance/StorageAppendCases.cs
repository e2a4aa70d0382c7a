using DisasterTolerance.Storage;
using static DisasterTolerance.Testing.Conformance.StorageCaseSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Open blobs, for storages that can append.</summary>
internal static class StorageAppendCases
{
    public static IEnumerable<ConformanceCase<StorageFixture>> All { get; } =
    [
        Case("Append_Flushed_CanBeRead", "The bytes made durable so far can be read.", Flushed),
        Case("Append_Open_IsNotListed", "It is not listed and has no length until it is sealed.", Hidden),
        Case("Append_BufferReused_KeepsTheContent", "The caller's buffer is free again when the call returns.", Buffer),
        Case("Seal_Open_IsAnOrdinaryBlob", "Turns the open blob into an ordinary one.", Sealed),
        Case("Seal_ThenAppend_IsRefused", "No other call may follow but dispose.", AfterSeal),
        Case("Begin_NameInUse_IsRefused", "Neither a blob nor an open blob of that name may exist.", InUse),
        Case("Put_NameOfAnOpenBlob_IsRefused", "An open blob lives under its final name.", PutOpen),
        Case("ListOpen_InUse_IsNotListed", "The open blobs that nobody holds open.", ListInUse),
        Case("ListOpen_LeftOpen_IsListedAndResumed", "Disposing without sealing leaves it open for Resume, cut to a length.", LeftOpen),
        Case("Resume_Reopened_KeepsTheDurableBytes", "What was made durable before the crash is there.", Reopened),
        Case("Resume_NoOpenBlob_IsRefused", "BlobNotFound.", ResumeNone),
        Case("Seal_Reopened_IsThere", "Makes everything durable and turns the open blob into an ordinary one, atomically.", SealedReopened),
        Case("Append_Full_AbandonsTheBlob", "After an error every later call on it fails.", Full),
    ];

    private static ConformanceCase<StorageFixture> Case(string name, string sentence, Func<StorageFixture, IAppendStorage, CancellationToken, Task> body) => new(
        name, sentence, (fixture, cancellationToken) => body(fixture, (IAppendStorage)fixture.Storage, cancellationToken),
        fixture => fixture.Storage is IAppendStorage ? null : "The storage cannot append.");

    private static async Task Flushed(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken)
    {
        var blob = await storage.BeginAsync(Blob, cancellationToken).ConfigureAwait(false);
        await using (blob.ConfigureAwait(false))
        {
            Expect.Equal(Blob, blob.Name, "The name");
            for (var i = 0; i < 3; i++)
            {
                await blob.AppendAsync(Content(300_000).AsMemory(i * 100_000, 100_000), cancellationToken).ConfigureAwait(false);
                Expect.Equal((i + 1) * 100_000L, blob.Length, "The length");
                await blob.FlushAsync(cancellationToken).ConfigureAwait(false);
                Expect.Content(
                    Content(300_000)[..((i + 1) * 100_000)], await storage.ReadAsync(Blob, 0, (i + 1) * 100_000, cancellationToken).ConfigureAwait(false), 0, "The open blob");
            }
        }
    }

    private static async Task Hidden(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken)
    {
        var blob = await BeginAsync(storage, Content(1000), cancellationToken).ConfigureAwait(false);
        await using (blob.ConfigureAwait(false))
        {
            Expect.Equal(null, await storage.GetLengthAsync(Blob, cancellationToken).ConfigureAwait(false), "The length of an open blob");
            await ExpectListAsync(storage.ListAsync("", cancellationToken), [], "A storage with an open blob", cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task Buffer(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken)
    {
        var buffer = Content(1000);
        var blob = await storage.BeginAsync(Blob, cancellationToken).ConfigureAwait(false);
        await using (blob.ConfigureAwait(false))
        {
            await blob.AppendAsync(buffer, cancellationToken).ConfigureAwait(false);
            Array.Clear(buffer);
            await blob.SealAsync(cancellationToken).ConfigureAwait(false);
        }

        await fixture.ExpectBlobAsync(Blob, Content(1000), cancellationToken).ConfigureAwait(false);
    }

    private static async Task Sealed(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken)
    {
        var blob = await BeginAsync(storage, Content(1000), cancellationToken).ConfigureAwait(false);
        await using (blob.ConfigureAwait(false))
        {
            // Read before, so that a handle kept for reading is tried as well.
            await storage.ReadAsync(Blob, 0, 10, cancellationToken).ConfigureAwait(false);
            await blob.SealAsync(cancellationToken).ConfigureAwait(false);
        }

        await fixture.ExpectBlobAsync(Blob, Content(1000), cancellationToken).ConfigureAwait(false);
        await ExpectListAsync(storage.ListAsync("folder/", cancellationToken), [new BlobInfo(Blob, 1000)], "The folder", cancellationToken).ConfigureAwait(false);
        await ExpectListAsync(storage.ListOpenAsync("", cancellationToken), [], "The open blobs", cancellationToken).ConfigureAwait(false);
        await storage.DeleteAsync(Blob, cancellationToken).ConfigureAwait(false);
        await fixture.ExpectNoneAsync(Blob, cancellationToken).ConfigureAwait(false);
    }

    private static async Task AfterSeal(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken)
    {
        var blob = await BeginAsync(storage, Content(1000), cancellationToken).ConfigureAwait(false);
        await using (blob.ConfigureAwait(false))
        {
            await blob.SealAsync(cancellationToken).ConfigureAwait(false);
            await Expect.RefusedAsync(() => blob.AppendAsync(Content(1), cancellationToken).AsTask(), "Appending to a sealed blob").ConfigureAwait(false);
        }

        await fixture.ExpectBlobAsync(Blob, Content(1000), cancellationToken).ConfigureAwait(false);
    }

    private static async Task InUse(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken)
    {
        await fixture.PutAsync("sealed", Content(1), cancellationToken).ConfigureAwait(false);
        await Expect.ErrorAsync(ErrorCode.BlobExists, () => storage.BeginAsync("sealed", cancellationToken).AsTask(), "Beginning a blob that exists").ConfigureAwait(false);
        var blob = await BeginAsync(storage, Content(1000), cancellationToken).ConfigureAwait(false);
        await using (blob.ConfigureAwait(false))
        {
            await Expect.ErrorAsync(ErrorCode.BlobExists, () => storage.BeginAsync(Blob, cancellationToken).AsTask(), "Beginning a blob that is open").ConfigureAwait(false);
        }

        await Expect.ErrorAsync(ErrorCode.BlobExists, () => storage.BeginAsync(Blob, cancellationToken).AsTask(), "Beginning a blob that was left open").ConfigureAwait(false);
    }

    private static async Task PutOpen(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken)
    {
        var blob = await BeginAsync(storage, Content(1000), cancellationToken).ConfigureAwait(false);
        await using (blob.ConfigureAwait(false))
        {
            await Expect.ErrorAsync(ErrorCode.BlobExists, () => fixture.PutAsync(Blob, Content(1), cancellationToken), "Putting a blob that is open").ConfigureAwait(false);
        }
    }

    private static async Task ListInUse(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken)
    {
        var blob = await BeginAsync(storage, Content(1000), cancellationToken).ConfigureAwait(false);
        await using (blob.ConfigureAwait(false))
        {
            await ExpectListAsync(storage.ListOpenAsync("", cancellationToken), [], "The open blobs while theirs is in use", cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task LeftOpen(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken)
    {
        await LeaveOpenAsync(storage, cancellationToken).ConfigureAwait(false);
        await ExpectListAsync(storage.ListOpenAsync("folder/", cancellationToken), [new BlobInfo(Blob, 1000)], "The open blobs", cancellationToken).ConfigureAwait(false);
        await ResumeAsync(fixture, storage, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Reopened(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken)
    {
        await LeaveOpenAsync(storage, cancellationToken).ConfigureAwait(false);
        if (await fixture.ReopenAsync(cancellationToken).ConfigureAwait(false))
        {
            await ResumeAsync(fixture, (IAppendStorage)fixture.Storage, cancellationToken).ConfigureAwait(false);
        }
    }

    private static Task ResumeNone(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken) =>
        Expect.ErrorAsync(ErrorCode.BlobNotFound, () => storage.ResumeAsync(Blob, 0, cancellationToken).AsTask(), "Resuming what does not exist");

    private static async Task SealedReopened(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken)
    {
        var blob = await BeginAsync(storage, Content(1000), cancellationToken).ConfigureAwait(false);
        await using (blob.ConfigureAwait(false))
        {
            await blob.SealAsync(cancellationToken).ConfigureAwait(false);
        }

        await fixture.ReopenAsync(cancellationToken).ConfigureAwait(false);
        await fixture.ExpectBlobAsync(Blob, Content(1000), cancellationToken).ConfigureAwait(false);
    }

    private static async Task Full(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken)
    {
        var blob = await BeginAsync(storage, Content(1000), cancellationToken).ConfigureAwait(false);
        await using (blob.ConfigureAwait(false))
        {
            if (!await fixture.SetFullAsync(true, cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            await Expect.ErrorAsync(
                ErrorCode.StorageFull,
                async () =>
                {
                    await blob.AppendAsync(Content(1 << 20), cancellationToken).ConfigureAwait(false);
                    await blob.FlushAsync(cancellationToken).ConfigureAwait(false);
                },
                "Appending to a full storage").ConfigureAwait(false);
            await fixture.SetFullAsync(false, cancellationToken).ConfigureAwait(false);
            await Expect.RefusedAsync(() => blob.AppendAsync(Content(1), cancellationToken).AsTask(), "Appending after an error").ConfigureAwait(false);
        }

        Expect.Content(Content(1000), await storage.ReadAsync(Blob, 0, 1000, cancellationToken).ConfigureAwait(false), 0, "What was durable before the error");
    }

    private static async Task<IAppendBlob> BeginAsync(IAppendStorage storage, byte[] content, CancellationToken cancellationToken)
    {
        var blob = await storage.BeginAsync(Blob, cancellationToken).ConfigureAwait(false);
        await blob.AppendAsync(content, cancellationToken).ConfigureAwait(false);
        await blob.FlushAsync(cancellationToken).ConfigureAwait(false);
        return blob;
    }

    private static async Task LeaveOpenAsync(IAppendStorage storage, CancellationToken cancellationToken)
    {
        var blob = await BeginAsync(storage, Content(1000), cancellationToken).ConfigureAwait(false);
        await blob.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task ResumeAsync(StorageFixture fixture, IAppendStorage storage, CancellationToken cancellationToken)
    {
        var blob = await storage.ResumeAsync(Blob, 600, cancellationToken).ConfigureAwait(false);
        await using (blob.ConfigureAwait(false))
        {
            Expect.Equal(600L, blob.Length, "The length after resuming");
            await blob.AppendAsync(Content(50, 3), cancellationToken).ConfigureAwait(false);
            await blob.SealAsync(cancellationToken).ConfigureAwait(false);
        }

        await fixture.ExpectBlobAsync(Blob, [.. Content(1000)[..600], .. Content(50, 3)], cancellationToken).ConfigureAwait(false);
    }
}
