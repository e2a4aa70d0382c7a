using static DisasterTolerance.Testing.Conformance.StorageCaseSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Single blobs.</summary>
internal static class StorageBlobCases
{
    private static readonly string[] BadNames = ["", "/", "a//b", "/a", "a/", ".", "..", "a/../b", ".hidden", "a/.b", "A", "a b", "a\\b", "a:b", "ä", "a\0", "a*", new('a', 201)];

    public static IEnumerable<ConformanceCase<StorageFixture>> All { get; } =
    [
        new("Put_NewName_ReadsBack", "A blob is readable as soon as Put returned.", PutReads),
        new("Put_EmptyContent_IsABlob", "The content may be empty.", Empty),
        new("Put_ExistingName_IsRefused", "A name is never given other content; Put refuses a name that exists, and nothing was changed.", Exists),
        new("Put_StreamNotAtItsBegin_TakesTheRest", "All of the content, read from its present position to its end. The caller keeps and disposes it.", Position),
        new("Put_StreamThrows_LeavesNothing", "A blob is seen whole or not at all.", Throws),
        new("Put_Cancelled_ExistsWholeOrNot", "Ends the call; the blob then exists whole or not at all.", Cancelled),
        new("Put_SameNameAtTheSameTime_OneWins", "All members may be called at the same time from many threads, also for the same name.", Race),
        new("Put_NamesWithin_BothExist", "A flat namespace: a name may be the begin of another one.", Within),
        new("Put_LongestName_Works", "Names: 1 to 200 characters.", Longest),
        new("AnyMember_BadName_IsRefused", "Other names are refused with ArgumentException.", Names),
        new("Put_Reopened_IsThere", "When Put returns, its effect survives a crash.", Durable),
        new("Put_Full_SaysSoAndHarmsNothing", "StorageFull when space or quota is used up (not transient).", Full),
        new("Read_Ranges_ReturnThem", "Filled completely unless the blob ends before; 0 at or beyond its end.", Ranges),
        new("Read_InParallel_AllRight", "All members may be called at the same time from many threads.", Parallel),
        new("Delete_Blob_IsGone", "Gone as soon as Delete returned.", Delete),
        new("Delete_NoBlob_IsNoError", "A name that does not exist is no error, so the call may be repeated.", DeleteAgain),
        new("Delete_Reopened_StaysGone", "When Delete returns, its effect survives a crash.", DeleteDurable),
        new("GetSpace_Always_IsPlausible", "Space of the storage, as far as it is known.", Space),
    ];

    private static async Task PutReads(StorageFixture fixture, CancellationToken cancellationToken)
    {
        await fixture.PutAsync(Blob, Content(3_000_000), cancellationToken).ConfigureAwait(false);
        await fixture.ExpectBlobAsync(Blob, Content(3_000_000), cancellationToken).ConfigureAwait(false);
    }

    private static async Task Empty(StorageFixture fixture, CancellationToken cancellationToken)
    {
        await fixture.PutAsync(Blob, [], cancellationToken).ConfigureAwait(false);
        await fixture.ExpectBlobAsync(Blob, [], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Exists(StorageFixture fixture, CancellationToken cancellationToken)
    {
        await fixture.PutAsync(Blob, Content(100), cancellationToken).ConfigureAwait(false);
        await Expect.ErrorAsync(ErrorCode.BlobExists, () => fixture.PutAsync(Blob, Content(100, 2), cancellationToken), "Putting a blob again").ConfigureAwait(false);
        await fixture.ExpectBlobAsync(Blob, Content(100), cancellationToken).ConfigureAwait(false);
    }

    private static async Task Position(StorageFixture fixture, CancellationToken cancellationToken)
    {
        using var stream = new MemoryStream(Content(1000)) { Position = 300 };
        await fixture.Storage.PutAsync(Blob, stream, cancellationToken).ConfigureAwait(false);
        Expect.That(stream.CanRead, "The caller's stream was disposed.");
        await fixture.ExpectBlobAsync(Blob, Content(1000)[300..], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Throws(StorageFixture fixture, CancellationToken cancellationToken)
    {
        using var stream = new BreakingStream();
        try
        {
            await fixture.Storage.PutAsync(Blob, stream, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is InvalidOperationException or StorageException)
        {
            await fixture.ExpectNoneAsync(Blob, cancellationToken).ConfigureAwait(false);
            await fixture.PutAsync(Blob, Content(10), cancellationToken).ConfigureAwait(false);
            return;
        }

        throw new ConformanceException("Put succeeded although the stream failed.");
    }

    private static async Task Cancelled(StorageFixture fixture, CancellationToken cancellationToken)
    {
        await Expect.CancellableAsync(token => fixture.PutAsync(Blob, Content(100_000), token), "Put").ConfigureAwait(false);
        if (await fixture.Storage.GetLengthAsync(Blob, cancellationToken).ConfigureAwait(false) is not null)
        {
            await fixture.ExpectBlobAsync(Blob, Content(100_000), cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task Race(StorageFixture fixture, CancellationToken cancellationToken)
    {
        var wins = 0;
        var winner = 0;
        await Task.WhenAll(Enumerable.Range(1, 8).Select(version => Task.Run(
            async () =>
            {
                try
                {
                    await fixture.PutAsync(Blob, Content(50_000, version), cancellationToken).ConfigureAwait(false);
                    Interlocked.Increment(ref wins);
                    Volatile.Write(ref winner, version);
                }
                catch (StorageException error) when (error.Code == ErrorCode.BlobExists)
                {
                    // Seven of them are meant to come here.
                }
            },
            cancellationToken))).ConfigureAwait(false);
        Expect.Equal(1, wins, "The number of puts of one name that succeeded");
        await fixture.ExpectBlobAsync(Blob, Content(50_000, winner), cancellationToken).ConfigureAwait(false);
    }

    private static async Task Within(StorageFixture fixture, CancellationToken cancellationToken)
    {
        foreach (var name in (string[])["a", "a/b", "a/b/c", "a.b", "a.blob"])
        {
            await fixture.PutAsync(name, Content(10, name.Length), cancellationToken).ConfigureAwait(false);
        }

        foreach (var name in (string[])["a", "a/b", "a/b/c", "a.b", "a.blob"])
        {
            await fixture.ExpectBlobAsync(name, Content(10, name.Length), cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task Longest(StorageFixture fixture, CancellationToken cancellationToken)
    {
        var name = new string('a', 200);
        await fixture.PutAsync(name, Content(10), cancellationToken).ConfigureAwait(false);
        await fixture.ExpectBlobAsync(name, Content(10), cancellationToken).ConfigureAwait(false);
    }

    private static async Task Names(StorageFixture fixture, CancellationToken cancellationToken)
    {
        foreach (var name in BadNames)
        {
            foreach (var call in (Func<Task>[])
            [
                () => fixture.PutAsync(name, [], cancellationToken),
                () => fixture.Storage.ReadAsync(name, 0, new byte[1], cancellationToken).AsTask(),
                () => fixture.Storage.GetLengthAsync(name, cancellationToken).AsTask(),
                () => fixture.Storage.DeleteAsync(name, cancellationToken).AsTask(),
            ])
            {
                try
                {
                    await call().ConfigureAwait(false);
                }
                catch (ArgumentException)
                {
                    continue;
                }

                throw new ConformanceException($"The name '{name}' was accepted.");
            }
        }
    }

    private static async Task Durable(StorageFixture fixture, CancellationToken cancellationToken)
    {
        await fixture.PutAsync(Blob, Content(100_000), cancellationToken).ConfigureAwait(false);
        await fixture.ReopenAsync(cancellationToken).ConfigureAwait(false);
        await fixture.ExpectBlobAsync(Blob, Content(100_000), cancellationToken).ConfigureAwait(false);
    }

    private static async Task Full(StorageFixture fixture, CancellationToken cancellationToken)
    {
        await fixture.PutAsync("old", Content(1000), cancellationToken).ConfigureAwait(false);
        if (!await fixture.SetFullAsync(true, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        await Expect.ErrorAsync(ErrorCode.StorageFull, () => fixture.PutAsync(Blob, Content(1 << 20), cancellationToken), "Putting into a full storage").ConfigureAwait(false);
        await fixture.ExpectNoneAsync(Blob, cancellationToken).ConfigureAwait(false);
        await fixture.ExpectBlobAsync("old", Content(1000), cancellationToken).ConfigureAwait(false);
        await fixture.SetFullAsync(false, cancellationToken).ConfigureAwait(false);
        await fixture.PutAsync(Blob, Content(1 << 20), cancellationToken).ConfigureAwait(false);
        await fixture.ExpectBlobAsync(Blob, Content(1 << 20), cancellationToken).ConfigureAwait(false);
    }

    private static async Task Ranges(StorageFixture fixture, CancellationToken cancellationToken)
    {
        var content = Content(200_000);
        await fixture.PutAsync(Blob, content, cancellationToken).ConfigureAwait(false);
        foreach (var (offset, length) in ((long, int)[])[(0, 0), (0, 1), (1, 1), (65_535, 2), (100_000, 100_000), (199_999, 100), (200_000, 1), (long.MaxValue, 1)])
        {
            var expected = offset >= content.Length ? [] : content[(int)offset..(int)Math.Min(content.Length, offset + length)];
            Expect.Content(expected, await fixture.Storage.ReadAsync(Blob, offset, length, cancellationToken).ConfigureAwait(false), offset, $"Reading {length} bytes at {offset}");
        }
    }

    private static async Task Parallel(StorageFixture fixture, CancellationToken cancellationToken)
    {
        var content = Content(200_000);
        await fixture.PutAsync(Blob, content, cancellationToken).ConfigureAwait(false);
        await Task.WhenAll(Enumerable.Range(0, 32).Select(i => Task.Run(
            async () =>
            {
                var offset = i * 5000;
                Expect.Content(content[offset..(offset + 30_000)], await fixture.Storage.ReadAsync(Blob, offset, 30_000, cancellationToken).ConfigureAwait(false), offset, Blob);
                await fixture.PutAsync($"parallel/{i}", Content(1000, i), cancellationToken).ConfigureAwait(false);
                await fixture.ExpectBlobAsync($"parallel/{i}", Content(1000, i), cancellationToken).ConfigureAwait(false);
            },
            cancellationToken))).ConfigureAwait(false);
    }

    private static async Task Delete(StorageFixture fixture, CancellationToken cancellationToken)
    {
        await fixture.PutAsync(Blob, Content(1000), cancellationToken).ConfigureAwait(false);
        await fixture.ExpectBlobAsync(Blob, Content(1000), cancellationToken).ConfigureAwait(false);
        await fixture.Storage.DeleteAsync(Blob, cancellationToken).ConfigureAwait(false);
        await fixture.ExpectNoneAsync(Blob, cancellationToken).ConfigureAwait(false);
    }

    private static async Task DeleteAgain(StorageFixture fixture, CancellationToken cancellationToken)
    {
        await fixture.Storage.DeleteAsync(Blob, cancellationToken).ConfigureAwait(false);
        await fixture.Storage.DeleteAsync(Blob, cancellationToken).ConfigureAwait(false);
    }

    private static async Task DeleteDurable(StorageFixture fixture, CancellationToken cancellationToken)
    {
        await fixture.PutAsync(Blob, Content(1000), cancellationToken).ConfigureAwait(false);
        await fixture.Storage.DeleteAsync(Blob, cancellationToken).ConfigureAwait(false);
        await fixture.ReopenAsync(cancellationToken).ConfigureAwait(false);
        await fixture.ExpectNoneAsync(Blob, cancellationToken).ConfigureAwait(false);
    }

    private static async Task Space(StorageFixture fixture, CancellationToken cancellationToken)
    {
        var space = await fixture.Storage.GetSpaceAsync(cancellationToken).ConfigureAwait(false);
        Expect.That(space.FreeBytes is null or >= 0 && space.TotalBytes is null or >= 0, "A number of bytes is negative.");
        Expect.That(space.FreeBytes is null || space.TotalBytes is null || space.FreeBytes <= space.TotalBytes, "More bytes are free than there are.");
    }

    private sealed class BreakingStream : MemoryStream
    {
        private int _reads;

        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Next(buffer.Span));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromResult(Next(buffer.AsSpan(offset, count)));

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) => throw new InvalidOperationException("The stream breaks here.");

        public override int Read(byte[] buffer, int offset, int count) => Next(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer) => Next(buffer);

        private int Next(Span<byte> buffer)
        {
            if (_reads++ == 2)
            {
                throw new InvalidOperationException("The stream breaks here.");
            }

            var length = Math.Min(buffer.Length, 1000);
            buffer[..length].Fill(7);
            return length;
        }
    }
}
