using System.Diagnostics.CodeAnalysis;
using DisasterTolerance;
using DisasterTolerance.Capture;
using DisasterTolerance.Catalog;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Exports;
using DisasterTolerance.InstantBoot;
using DisasterTolerance.Links;
using DisasterTolerance.Plans;
using DisasterTolerance.Recovery;
using DisasterTolerance.Retention;
using DisasterTolerance.Scheduling;
using DisasterTolerance.Shipping;
using DisasterTolerance.Sites;
using DisasterTolerance.Storage;
using DisasterTolerance.Store;
using DisasterTolerance.Store.Local;
using DisasterTolerance.Transport;
using DisasterTolerance.Upkeep;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds a site to an application.</summary>
public static class DisasterToleranceServiceCollectionExtensions
{
    /// <summary>
    /// Adds one site: <see cref="IPlanManager"/>, <see cref="ILinkManager"/>, <see cref="IReplicationEngine"/>, <see cref="IRecoveryService"/>, <see cref="IStateReader"/> and
    /// <see cref="IDisasterToleranceSite"/>, all singletons. A generic host starts and stops the site; without one, call <see cref="IDisasterToleranceSite.StartAsync"/>.
    /// A service collection holds one site. All options are checked before anything is opened, when the site starts or one of its services is first resolved; all faults are told at once.
    /// </summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Who the site is and where it keeps its files.</param>
    /// <returns>A builder to add hypervisors, a catalog, a store and peers.</returns>
    public static DisasterToleranceBuilder AddDisasterTolerance(this IServiceCollection services, Action<SiteOptions> configure)
    {
        services.AddOptions();
        services.Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IIdSource, RandomIdSource>();
        services.TryAddSingleton<ILoggerFactory, NullLoggerFactory>();
        services.TryAddSingleton(NoCatalog);
        services.TryAddSingleton<IStorageProvider>(provider => LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = Path.Combine(Options<SiteOptions>(provider).DataDirectory, "store") }));
        services.TryAddSingleton(OpenTcp);

        // Opened when the site starts, after the options were checked, not when it is resolved.
        services.AddSingleton(provider => new Lazy<IStorageProvider>(provider.GetRequiredService<IStorageProvider>));
        services.AddSingleton(provider => new Lazy<ILinkTransport>(provider.GetRequiredService<ILinkTransport>));
        AddSite(services);
        AddExports(services);
        AddPlans(services);
        AddLinks(services);
        AddRecovery(services);
        AddRuns(services);
        services.AddHostedService<SiteHostedService>();
        return new DisasterToleranceBuilder(services);
    }

    private static void AddSite(IServiceCollection services)
    {
        services.AddSingleton(provider => new SiteSettings(
            Options<SiteOptions>(provider), Options<EngineOptions>(provider), Options<RetentionOptions>(provider), Options<StoreOptions>(provider), Options<LinkOptions>(provider), Options<PlanLimits>(provider), Options<ExportOptions>(provider),
            [.. provider.GetServices<PeerOptions>()], [.. provider.GetServices<HypervisorRegistration>().Select(registration => registration.Name)]));
        services.AddSingleton(CreateContext);
        services.AddSingleton<EventHub>();
        services.AddSingleton<MachineDirectory>();
        services.AddSingleton<PointDirectory>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<CatalogAge>();
        services.AddSingleton<ICatalogRepair, CatalogRepair>();
        services.AddSingleton<ILinkHostFactory, LinkHostFactory>();
        services.AddSingleton<Site>();
        services.AddSingleton<IDisasterToleranceSite>(provider => provider.GetRequiredService<Site>());
    }

    private static void AddPlans(IServiceCollection services)
    {
        services.AddSingleton(Options<PlanLimits>);
        services.AddSingleton<PlanGates>();
        services.AddSingleton<PlanCatalog>();
        services.AddSingleton<PlanWriter>();
        services.AddSingleton<PlanEditor>();
        services.AddSingleton<PlanForwarding>();
        services.AddSingleton<PlanMirror>();
        services.AddSingleton<PlanTwins>();
        services.AddSingleton<MachineAdmission>();
        services.AddSingleton<RpoReader>();
        services.AddSingleton<RpoWatch>();
        services.AddSingleton<IPlanManager, PlanManager>();
        services.AddSingleton<IStateReader, StateReader>();
        services.AddPart<PlanControl>();
        services.AddPart<PlanSchedules>();
    }

    private static void AddLinks(IServiceCollection services)
    {
        services.AddSingleton<FactsOutbox>();
        services.AddSingleton<IFactsPublisher>(provider => provider.GetRequiredService<FactsOutbox>());
        services.AddSingleton<FactsServer>();
        services.AddSingleton<FactsClient>();
        services.AddSingleton<FactsTeller>();
        services.AddSingleton<MachineMirror>();
        services.AddSingleton<ForwardPolicy>();
        services.AddPart<LinkChecking>();
        services.AddPart<LinkManager>();
        services.AddSingleton<ILinkManager>(provider => provider.GetRequiredService<LinkManager>());
        services.AddPart<FactsMirror>();
    }

    private static void AddRecovery(IServiceCollection services)
    {
        services.AddSingleton<OwnershipJournal>();
        services.AddSingleton<IOwnershipJournal>(provider => provider.GetRequiredService<OwnershipJournal>());
        services.AddSingleton<OwnershipWriter>();
        services.AddSingleton<RecoveryPoints>();
        services.AddSingleton<MachinePower>();
        services.AddSingleton<PeerMachines>();
        services.AddSingleton<WorkBook>();
        services.AddPart<BackgroundWork>();
        services.AddSingleton<RecoveryTools>();
        services.AddSingleton<IDiskRestorer, DiskRestorer>();
        services.AddSingleton<IBootExports, BootExports>();
        services.AddSingleton<BootServing>();
        services.AddSingleton<DiskPulls>();
        services.AddSingleton<FirstSign>();
        services.AddSingleton<Arrival>();
        services.AddSingleton<HandOver>();
        services.AddSingleton<MigrationRun>();
        services.AddPart<MigrationTarget>();
        services.AddSingleton<FailoverRun>();
        services.AddSingleton<RestoreRun>();
        services.AddSingleton<UndoRun>();
        services.AddPart<UndoTarget>();
        services.AddSingleton<ConfirmRun>();
        services.AddSingleton<YieldRun>();
        services.AddPart<UnfinishedWork>();
        services.AddSingleton<IOwnershipMeeting, OwnershipMeeting>();
        services.AddPart<ConflictResolution>();
        services.AddSingleton<RecoveryFlows>();
        services.AddSingleton<RecoveryBatch>();
        services.AddPart<RecoveryForwarding>();
        services.AddPart<RecoveryControl>();
        services.AddSingleton<DiskExport>();
        services.AddSingleton<IRecoveryService, RecoveryService>();
    }

    private static void AddRuns(IServiceCollection services)
    {
        services.AddSingleton<ICapturer, Capturer>();
        services.AddSingleton<IShipper, Shipper>();
        services.AddPart<Receiver>();
        services.AddSingleton<IDataHandler>(provider => provider.GetRequiredService<Receiver>());
        services.AddPart<RecordExchange>();
        services.AddSingleton<IRetentionRunner, RetentionRunner>();
        services.AddSingleton<StoreSweep>();
        services.AddSingleton<StoreVerification>();
        services.AddSingleton<Housekeeping>();
        services.AddSingleton<OwedShipments>();
        services.AddSingleton<RunExecutor>();
        services.AddPart<RunForwarding>();
        services.AddSingleton<IReplicationEngine, ReplicationEngine>();
        services.AddPart<Scheduler>();
    }

    private static void AddExports(IServiceCollection services)
    {
        services.AddSingleton(Options<ExportOptions>);
        services.AddSingleton(provider => ExportPlaces.Of(Options<ExportOptions>(provider), Options<SiteOptions>(provider).DataDirectory));
        services.AddPart<ExportHost>();
    }

    /// <summary>Adds one object under its own type and as each kind of part that it is. Parts start in the order in which they are added.</summary>
    private static void AddPart<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>(this IServiceCollection services)
        where T : class
    {
        services.AddSingleton<T>();
        if (typeof(T).IsAssignableTo(typeof(IControlPart)))
        {
            services.AddSingleton(provider => (IControlPart)provider.GetRequiredService<T>());
        }

        if (typeof(T).IsAssignableTo(typeof(ISitePart)))
        {
            services.AddSingleton(provider => (ISitePart)provider.GetRequiredService<T>());
        }
    }

    private static SiteContext CreateContext(IServiceProvider provider)
    {
        var settings = provider.GetRequiredService<SiteSettings>();

        // Before anything is made of the options: what is made of wrong ones fails one by one, or leaves folders behind.
        settings.Demand();
        return new SiteContext
        {
            Uuid = settings.Site.Uuid,
            Name = settings.Site.Name,
            Options = settings.Engine,
            Retention = settings.Retention,
            Clock = provider.GetRequiredService<TimeProvider>(),
            Ids = provider.GetRequiredService<IIdSource>(),
            Logs = provider.GetRequiredService<ILoggerFactory>(),
            Catalog = provider.GetRequiredService<ICatalog>(),
            Hypervisors = provider.GetServices<HypervisorRegistration>().ToDictionary(r => r.Name, r => r.Create(provider), StringComparer.Ordinal),
            Media = settings.Store.Media.ToHashSet(StringComparer.Ordinal),
            Peers = settings.Peers.ToDictionary(p => p.Uuid, p => p.Name),
            Events = provider.GetRequiredService<EventHub>(),
        };
    }

    private static ILinkTransport OpenTcp(IServiceProvider provider)
    {
        var settings = provider.GetRequiredService<SiteSettings>();
        var time = provider.GetRequiredService<TimeProvider>();
        var identity = SiteIdentity.LoadOrCreate(settings.Site.DataDirectory, time);
        return new TcpLinkTransport(identity, settings.Link, settings.Peers, time, provider.GetRequiredService<ILoggerFactory>().CreateLogger<TcpLinkTransport>());
    }

    private static ICatalog NoCatalog(IServiceProvider provider) => throw new DisasterToleranceException(
        ErrorCode.InvalidArgument, "The site has no catalog. Add one, for instance with AddSqliteCatalog of the package DisasterTolerance.Sqlite.");

    private static T Options<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(IServiceProvider provider)
        where T : class => provider.GetRequiredService<IOptions<T>>().Value;
}
