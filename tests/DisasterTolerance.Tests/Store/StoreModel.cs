using DisasterTolerance.Chunking;
using DisasterTolerance.Testing.Storage;

namespace DisasterTolerance.Store;

/// <summary>Random work on a store beside a dictionary: points (trees of chunks) are written, dropped, swept, verified, damaged, and the power fails.</summary>
internal sealed class StoreModel(int seed)
{
    private static readonly ChunkGeometry Geometry = new(4096, 16);

    private readonly Random _random = new(seed);
    private readonly InMemoryStorage _storage = new();
    private readonly Dictionary<DiskTree, byte[]?[]> _points = [];
    private RecordStore _store = null!;
    private int _nextChunk;
    private long _generation;

    public async Task RunAsync(int steps, CancellationToken cancellationToken)
    {
        _store = await TestStore.OpenAsync(_storage);
        for (var step = 0; step < steps; step++)
        {
            switch (_random.Next(10))
            {
                case < 4:
                    await WriteAsync(isKept: true, cancellationToken);
                    break;
                case 4:
                    await WriteAsync(isKept: false, cancellationToken);
                    break;
                case 5 when _points.Count > 0:
                    _points.Remove(_points.Keys.ElementAt(_random.Next(_points.Count)));
                    break;
                case 6:
                    await SweepAsync(cancellationToken);
                    break;
                case 7:
                    Assert.Empty((await _store.VerifyAsync(0, cancellationToken)).Damaged);
                    break;
                case 8:
                    await ReopenAsync(isCrash: true);
                    break;
                default:
                    await ReopenAsync(isCrash: false);
                    break;
            }

            await CheckAsync(cancellationToken);
        }

        _points.Clear();
        await SweepAsync(cancellationToken);
        Assert.Equal(0, _store.RecordCount);
        Assert.DoesNotContain(_storage.Names, name => name.StartsWith("packs/", StringComparison.Ordinal));
        await _store.DisposeAsync();
    }

    private async Task WriteAsync(bool isKept, CancellationToken cancellationToken)
    {
        var (baseTree, baseChunks) = _points.Count == 0 ? (DiskTree.Empty(Geometry, 0), []) : _points.ElementAt(_random.Next(_points.Count)) is var point ? (point.Key, point.Value) : default;
        var chunks = (byte[]?[])baseChunks.Clone();
        Array.Resize(ref chunks, _random.Next(1, 60));
        using var scope = _store.BeginScope();
        var writer = await TreeWriter.BeginAsync(_store, scope, Geometry, baseTree, chunks.Length, cancellationToken);
        for (var i = 0; i < chunks.Length; i++)
        {
            if (_random.Next(3) == 0)
            {
                var old = chunks[i];
                chunks[i] = old is not null && _random.Next(2) == 0 ? Touch(old)
                    : _random.Next(5) == 0 ? null
                    : TestStore.Chunk(_random.Next(3) == 0 ? _random.Next(50) : 1000 + _nextChunk++, 4096 * _random.Next(1, 5));
                var previous = old is null ? ContentHash.Zero : ContentHash.Of(old);
                await writer.SetAsync(i, chunks[i] is { } content ? await PatchStore.PutAsync(scope, content, previous) : ContentHash.Zero, cancellationToken);
            }
        }

        var tree = await writer.FinishAsync(cancellationToken);
        if (isKept)
        {
            await scope.FlushAsync(cancellationToken);
            _points[tree] = chunks;
        }
    }

    // Little enough for a patch.
    private byte[] Touch(byte[] old)
    {
        var content = (byte[])old.Clone();
        _random.NextBytes(content.AsSpan(_random.Next(content.Length - 64), 64));
        return content;
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        var report = await _store.SweepAsync(TestStore.Roots([.. _points.Keys.Select(LiveRoot.Tree)]), cancellationToken);
        Assert.True(report.IsComplete);
    }

    private async Task ReopenAsync(bool isCrash)
    {
        if (isCrash)
        {
            _storage.Crash(_random.Next());
        }
        else
        {
            await _store.DisposeAsync();
        }

        _store = await TestStore.OpenAsync(_storage);
        Assert.True(_store.Generation >= _generation);
        _generation = _store.Generation;
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        foreach (var (tree, chunks) in _points)
        {
            var reader = new TreeReader(_store, Geometry, tree);
            for (var i = 0; i < chunks.Length; i += 1 + _random.Next(8))
            {
                var leaf = await reader.GetLeafAsync(i, cancellationToken);
                Assert.Equal(chunks[i] is { } content ? ContentHash.Of(content) : ContentHash.Zero, leaf);
                if (chunks[i] is { } expected)
                {
                    Assert.Equal(expected, await TestStore.ReadAsync(_store, leaf));
                }
            }
        }
    }
}
