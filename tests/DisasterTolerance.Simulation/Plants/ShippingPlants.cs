using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Shipping;
using DisasterTolerance.Store;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace DisasterTolerance.Simulation.Plants;

/// <summary>Mistakes on the way between the sites.</summary>
internal static class ShippingPlants
{
    /// <summary>A run says that its point is shipped before it is.</summary>
    public static SitePlants SaysShipped(SimSite site)
    {
        site.Configure = builder => builder.Services.Replace(ServiceDescriptor.Singleton<IShipper, ShippingNothing>());
        return new();
    }

    /// <summary>The receiver acknowledges records that are not durable yet.</summary>
    public static SitePlants AcknowledgesEarly(SimSite site) => new()
    {
        Store = store => Intercept<IRecordStore>.Of(store, call => call.Member == "BeginScope" ? new EarlyWatermark(call.Pass<IStoreScope>()) : call.Pass()),
    };

    private sealed class ShippingNothing : IShipper
    {
        public ValueTask<ShipReport> ShipAsync(Guid machine, bool onlyNewest, CancellationToken cancellationToken) => ValueTask.FromResult(new ShipReport(1, 0, 0, TimeSpan.Zero));
    }

    /// <summary>Records of the wire are kept in memory until the scope ends; a flush acknowledges them all the same.</summary>
    private sealed class EarlyWatermark(IStoreScope inner) : ScopeDecorator(inner)
    {
        private readonly List<(byte[] Record, RecordKind Kind)> _late = [];

        public override async ValueTask<AppendedRecord> AppendStoredAsync(ReadOnlyMemory<byte> record, RecordKind kind, CancellationToken cancellationToken)
        {
            await ValueTask.CompletedTask;
            if (RecordHeader.Read(record.Span, out var header) != RecordFault.None)
            {
                return await base.AppendStoredAsync(record, kind, cancellationToken);
            }

            _late.Add((record.ToArray(), kind));
            return new AppendedRecord(header.Hash, record.Length);
        }

        public override async ValueTask<Chunking.ContentHash> CommitManifestAsync(PointManifest manifest, CancellationToken cancellationToken)
        {
            foreach (var (record, kind) in _late)
            {
                await base.AppendStoredAsync(record, kind, cancellationToken);
            }

            _late.Clear();
            return await base.CommitManifestAsync(manifest, cancellationToken);
        }

        public override bool TryHold(Chunking.ContentHash hash) => base.TryHold(hash) || _late.Exists(late => RecordHeader.Read(late.Record, out var header) == RecordFault.None && header.Hash == hash);
    }
}
