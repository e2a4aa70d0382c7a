using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Storage;
using DisasterTolerance.Store;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>Decorators that put a mistake into a site, below its fault plan: what a test must be able to find. None by default.</summary>
internal sealed record SitePlants
{
    public Func<IStorageProvider, IStorageProvider>? Storage { get; init; }

    public Func<ICatalog, ICatalog>? Catalog { get; init; }

    public Func<IHypervisorProvider, IHypervisorProvider>? Hypervisor { get; init; }

    public Func<IRecordStore, IRecordStore>? Store { get; init; }

    /// <summary>Called when the process has died, before the next life.</summary>
    public Action? Crashed { get; init; }

    public IStorageProvider OnStorage(IStorageProvider storage) => Storage?.Invoke(storage) ?? storage;

    public ICatalog OnCatalog(ICatalog catalog) => Catalog?.Invoke(catalog) ?? catalog;

    public IHypervisorProvider OnHypervisor(IHypervisorProvider hypervisor) => Hypervisor?.Invoke(hypervisor) ?? hypervisor;
}
