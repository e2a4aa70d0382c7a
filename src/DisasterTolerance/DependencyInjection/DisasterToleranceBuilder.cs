using DisasterTolerance;
using DisasterTolerance.Catalog;
using DisasterTolerance.Exports;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Images;
using DisasterTolerance.Links;
using DisasterTolerance.Plans;
using DisasterTolerance.Retention;
using DisasterTolerance.Sites;
using DisasterTolerance.Storage;
using DisasterTolerance.Store;
using DisasterTolerance.Store.Local;
using DisasterTolerance.Transport;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the parts of a site: hypervisors, store, catalog, peers. Each method returns the builder. Not thread-safe.</summary>
public sealed class DisasterToleranceBuilder
{
    internal DisasterToleranceBuilder(IServiceCollection services) => Services = services;

    /// <summary>The services that the site is added to.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Adds a hypervisor under a name, which plans use as their type.</summary>
    /// <param name="name">1 to 64 characters; unique.</param>
    /// <param name="create">Makes the provider; called once.</param>
    public DisasterToleranceBuilder AddHypervisor(string name, Func<IServiceProvider, IHypervisorProvider> create)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Services.AddSingleton(new HypervisorRegistration(name, create));
        return this;
    }

    /// <summary>Adds machines that are disk images in a directory, the built-in machine source, under a name.</summary>
    /// <param name="name">1 to 64 characters; unique.</param>
    /// <param name="path">The directory with one folder per machine; created if absent.</param>
    /// <param name="configure">More options; null for the defaults.</param>
    public DisasterToleranceBuilder AddImages(string name, string path, Action<ImageHypervisorOptions>? configure = null) => AddHypervisor(name, services =>
    {
        var options = new ImageHypervisorOptions { Path = path };
        configure?.Invoke(options);
        return ImageHypervisors.Open(options, services.GetRequiredService<ILoggerFactory>());
    });

    /// <summary>Keeps the points in a storage of the caller's instead of the directory <c>store</c> in the site's data directory.</summary>
    /// <param name="create">Makes the provider; called once.</param>
    public DisasterToleranceBuilder AddStorage(Func<IServiceProvider, IStorageProvider> create)
    {
        Services.Replace(ServiceDescriptor.Singleton(create));
        return this;
    }

    /// <summary>Keeps the points in a local directory, for instance on a disk of its own.</summary>
    /// <param name="path">The directory; created if absent.</param>
    public DisasterToleranceBuilder AddLocalDirectoryStorage(string path) => AddStorage(_ => LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = path }));

    /// <summary>Keeps plans, machines and points in a catalog of the caller's. Packages with catalogs bring shorter methods.</summary>
    /// <param name="create">Makes the catalog; called once.</param>
    public DisasterToleranceBuilder AddCatalog(Func<IServiceProvider, ICatalog> create)
    {
        Services.Replace(ServiceDescriptor.Singleton(create));
        return this;
    }

    /// <summary>Adds a site that this site may have a link with.</summary>
    /// <param name="peer">The peer.</param>
    public DisasterToleranceBuilder AddPeer(PeerOptions peer)
    {
        Services.AddSingleton(peer);
        return this;
    }

    /// <summary>Changes how the site listens and dials.</summary>
    /// <param name="configure">The change.</param>
    public DisasterToleranceBuilder ConfigureLink(Action<LinkOptions> configure) => Configure(configure);

    /// <summary>Changes how the engine works.</summary>
    /// <param name="configure">The change.</param>
    public DisasterToleranceBuilder ConfigureEngine(Action<EngineOptions> configure) => Configure(configure);

    /// <summary>Changes what this site keeps whatever a plan says.</summary>
    /// <param name="configure">The change.</param>
    public DisasterToleranceBuilder ConfigureRetention(Action<RetentionOptions> configure) => Configure(configure);

    /// <summary>Changes how large plans may be.</summary>
    /// <param name="configure">The change.</param>
    public DisasterToleranceBuilder ConfigurePlans(Action<PlanLimits> configure) => Configure(configure);

    /// <summary>Changes how the store keeps its records.</summary>
    /// <param name="configure">The change.</param>
    public DisasterToleranceBuilder ConfigureStore(Action<StoreOptions> configure) => Configure(configure);

    /// <summary>Changes where disks of points are served and what is written over them is kept.</summary>
    /// <param name="configure">The change.</param>
    public DisasterToleranceBuilder ConfigureExports(Action<ExportOptions> configure) => Configure(configure);

    /// <summary>Lets links run over a transport of the caller's instead of TCP with TLS 1.3.</summary>
    /// <param name="create">Makes the transport; called once.</param>
    public DisasterToleranceBuilder AddTransport(Func<IServiceProvider, ILinkTransport> create)
    {
        Services.Replace(ServiceDescriptor.Singleton(create));
        return this;
    }

    private DisasterToleranceBuilder Configure<T>(Action<T> configure)
        where T : class
    {
        Services.Configure(configure);
        return this;
    }
}

/// <summary>A hypervisor and the name that plans know it by.</summary>
internal sealed record HypervisorRegistration(string Name, Func<IServiceProvider, IHypervisorProvider> Create);
