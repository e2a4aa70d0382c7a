using System.Diagnostics.CodeAnalysis;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Store;

namespace DisasterTolerance.Simulation.Plants;

/// <summary>Mistakes of the store.</summary>
internal static class StorePlants
{
    public static SitePlants HoldsEarly(SimSite site) => InScopes(() => new EveryNth(7), (scope, sometimes) => new HoldingEarly(scope, sometimes));

    public static SitePlants TakesAnyArrival(SimSite site) => InScopes(() => new EveryNth(11), (scope, sometimes) => new TakingAnything(scope, sometimes));

    public static SitePlants ForgetsPins(SimSite site) => new() { Store = store => Intercept<IRecordStore>.Of(store, call => call.Member == "BeginScope" ? new ForgettingPins(store) : call.Pass()) };

    public static SitePlants ManifestBeforeNodes(SimSite site) => new()
    {
        Store = store =>
        {
            var late = new LateNodes();
            return Intercept<IRecordStore>.Of(store, call => call.Member switch
            {
                "BeginScope" => new NodesAfterManifest(call.Pass<IStoreScope>(), late, site),
                "ReadNode" when late.TryRead((ContentHash)call.Arguments[0]!, (Memory<byte>)call.Arguments[1]!, out var length) => ValueTask.FromResult(length),
                "Read" when call.Arguments[0] is ContentHash hash && late.TryRead(hash, (Memory<byte>)call.Arguments[2]!, out var length) => ValueTask.FromResult(length),
                _ => call.Pass(),
            });
        },
    };

    public static SitePlants SweepForgetsAPoint(SimSite site) => Sweeping(roots => [.. roots.Where(root => root.IsManifest).SkipLast(1), .. roots.Where(root => !root.IsManifest)]);

    public static SitePlants SweepForgetsSessions(SimSite site) => Sweeping(roots => [.. roots.Where(root => root.IsManifest)]);

    public static SitePlants SweepReadsRootsEarly(SimSite site) => new()
    {
        Store = store => Intercept<IRecordStore>.Of(store, call => call.Member == "Sweep" ? EarlyAsync(store, call, site) : call.Pass()),
    };

    public static SitePlants ServesDamage(SimSite site) => new()
    {
        Store = store => Intercept<IRecordStore>.Of(store, call => call.Member == "Read" && call.Arguments[0] is ContentHash ? ReadAnywayAsync(call) : call.Pass()),
    };

    public static SitePlants HidesDamage(SimSite site) => new()
    {
        Store = store => Intercept<IRecordStore>.Of(store, call => call.Member switch
        {
            "Verify" => QuietAsync(call.Pass<ValueTask<VerifyReport>>()),
            "FindMissing" => ValueTask.FromResult<IReadOnlyList<MissingRecord>>([]),
            _ => call.Pass(),
        }),
    };

    public static SitePlants KeepsGeneration(SimSite site) => new()
    {
        Store = store => Intercept<IRecordStore>.Of(store, call => call.Member == "get_Generation" ? 1L : call.Pass()),
    };

    private static SitePlants InScopes<T>(Func<T> create, Func<IStoreScope, T, IStoreScope> wrap)
    {
        var state = create();
        return new() { Store = store => Intercept<IRecordStore>.Of(store, call => call.Member == "BeginScope" ? wrap(call.Pass<IStoreScope>(), state) : call.Pass()) };
    }

    private static SitePlants Sweeping(Func<IReadOnlyCollection<LiveRoot>, IReadOnlyCollection<LiveRoot>> change) => new()
    {
        Store = store => Intercept<IRecordStore>.Of(store, call =>
        {
            if (call.Member == "Sweep")
            {
                var read = (Func<CancellationToken, ValueTask<IReadOnlyCollection<LiveRoot>>>)call.Arguments[0]!;
                call.Arguments[0] = (Func<CancellationToken, ValueTask<IReadOnlyCollection<LiveRoot>>>)(async token => change(await read(token)));
            }

            return call.Pass();
        }),
    };

    private static async ValueTask<SweepReport> EarlyAsync(IRecordStore store, Call call, SimSite site)
    {
        var token = (CancellationToken)call.Arguments[1]!;
        var roots = await ((Func<CancellationToken, ValueTask<IReadOnlyCollection<LiveRoot>>>)call.Arguments[0]!)(token);
        await Task.Delay(TimeSpan.FromSeconds(20), site.Faults.TimeProvider, token);
        return await store.SweepAsync(_ => ValueTask.FromResult(roots), token);
    }

    private static async ValueTask<int> ReadAnywayAsync(Call call)
    {
        try
        {
            return await call.Pass<ValueTask<int>>();
        }
        catch (DisasterToleranceException e) when (e.Code == ErrorCode.DataDamaged && (RecordKind)call.Arguments[1]! == RecordKind.Chunk)
        {
            var destination = (Memory<byte>)call.Arguments[2]!;
            destination.Span.Clear();
            return destination.Length;
        }
    }

    private static async ValueTask<VerifyReport> QuietAsync(ValueTask<VerifyReport> report) => (await report) with { Damaged = [] };

    /// <summary>True for every n-th question.</summary>
    private sealed class EveryNth(int n)
    {
        private int _asked;

        public bool Now() => ++_asked % n == 0;
    }

    private sealed class HoldingEarly(IStoreScope inner, EveryNth sometimes) : ScopeDecorator(inner)
    {
        public override bool TryHold(ContentHash hash) => base.TryHold(hash) || sometimes.Now();
    }

    private sealed class TakingAnything(IStoreScope inner, EveryNth sometimes) : ScopeDecorator(inner)
    {
        public override async ValueTask<AppendedRecord> AppendStoredAsync(ReadOnlyMemory<byte> record, RecordKind kind, CancellationToken cancellationToken)
        {
            if (kind != RecordKind.Chunk || !sometimes.Now() || RecordHeader.Read(record.Span, out var header) != RecordFault.None)
            {
                return await base.AppendStoredAsync(record, kind, cancellationToken);
            }

            // What arrives is not what its name says.
            var content = new byte[header.RawLength];
            content[0] = 1;
            return new AppendedRecord(header.Hash, await AppendAsync(kind, header.Hash, content, CompressionMode.Off, cancellationToken));
        }
    }

    /// <summary>Gives back at once what it was to keep.</summary>
    [SuppressMessage("Design", "CA2000", Justification = "The scope is disposed of in the call that makes it.")]
    private sealed class ForgettingPins(IRecordStore store) : ScopeDecorator(store.BeginScope())
    {
        public override void Pin(LiveRoot root)
        {
        }

        public override bool TryHold(ContentHash hash)
        {
            using var scope = store.BeginScope();
            return scope.TryHold(hash);
        }
    }

    private sealed class LateNodes
    {
        private readonly Dictionary<ContentHash, byte[]> _nodes = [];

        public void Add(ContentHash node, ReadOnlySpan<byte> content) => _nodes[node] = content.ToArray();

        public bool Contains(ContentHash node) => _nodes.ContainsKey(node);

        public byte[] Take(ContentHash node) => _nodes.Remove(node, out var content) ? content : [];

        public bool TryRead(ContentHash node, Memory<byte> destination, out int length)
        {
            length = _nodes.TryGetValue(node, out var content) ? content.Length : 0;
            content?.CopyTo(destination);
            return content is not null;
        }
    }

    /// <summary>Adds nodes only a while after the manifest that names them.</summary>
    private sealed class NodesAfterManifest(IStoreScope inner, LateNodes late, SimSite site) : ScopeDecorator(inner)
    {
        private readonly List<ContentHash> _mine = [];

        public override bool TryHold(ContentHash hash) => late.Contains(hash) || base.TryHold(hash);

        public override async ValueTask<int> AppendNodeAsync(ContentHash node, ReadOnlyMemory<byte> content, ContentHash previous, CancellationToken cancellationToken)
        {
            await ValueTask.CompletedTask;
            late.Add(node, content.Span);
            _mine.Add(node);
            return content.Length;
        }

        [SuppressMessage("Usage", "CA2215", Justification = "That is the mistake: it ends later.")]
        public override void Dispose() => _ = EndAsync();

        private async Task EndAsync()
        {
            await Task.Delay(TimeSpan.FromMinutes(5), site.Faults.TimeProvider);
            foreach (var node in _mine)
            {
                if (late.Take(node) is { Length: > 0 } content)
                {
                    await base.AppendNodeAsync(node, content, ContentHash.Zero, CancellationToken.None);
                }
            }

            await base.FlushAsync(CancellationToken.None);
            base.Dispose();
        }
    }
}
