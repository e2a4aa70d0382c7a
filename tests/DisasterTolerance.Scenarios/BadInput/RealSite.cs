using DisasterTolerance.Links;
using DisasterTolerance.Testing.Catalog;
using DisasterTolerance.Testing.Hypervisors;
using DisasterTolerance.Testing.Storage;
using DisasterTolerance.Transport;
using Microsoft.Extensions.DependencyInjection;

namespace DisasterTolerance.Scenarios.BadInput;

/// <summary>One life of a whole site over real TCP and TLS on loopback, with store and catalog in memory that outlive it. Real time: nothing but the end of a wait depends on it.</summary>
internal sealed class RealSite : IAsyncDisposable
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(2);

    private readonly InMemoryStorage _storage = new();
    private readonly InMemoryCatalogFile _catalog = new();
    private readonly string _data = Directory.CreateTempSubdirectory("dt-realsite-").FullName;
    private ServiceProvider? _services;

    public RealSite(string name, Guid uuid)
    {
        (Name, Uuid) = (name, uuid);
        using var identity = SiteIdentity.LoadOrCreate(_data, TimeProvider.System);
        Key = identity.PublicKeyHex;
    }

    public string Name { get; }

    public Guid Uuid { get; }

    /// <summary>The site's real public key.</summary>
    public string Key { get; }

    public string Listen { get; set; } = "127.0.0.1:0";

    public ILinkManager Links => _services!.GetRequiredService<ILinkManager>();

    public Sites.SiteContext Context => _services!.GetRequiredService<Sites.SiteContext>();

    public async Task StartAsync(params PeerOptions[] peers)
    {
        var services = new ServiceCollection();
        var builder = services.AddDisasterTolerance(site => (site.Uuid, site.Name, site.DataDirectory) = (Uuid, Name, _data))
            .AddHypervisor("hci", _ => new InMemoryHypervisor(TimeProvider.System))
            .AddStorage(_ => _storage)
            .AddCatalog(_ => new InMemoryCatalog(_catalog, new RandomIdSource()))
            .ConfigureEngine(engine => engine.VerifyInterval = TimeSpan.Zero)
            .ConfigureLink(link =>
            {
                link.Listen = Listen;
                link.ReconnectMaxDelay = TimeSpan.FromMilliseconds(200);
            });
        foreach (var peer in peers)
        {
            builder.AddPeer(peer);
        }

        _services = services.BuildServiceProvider();
        await _services.GetRequiredService<IDisasterToleranceSite>().StartAsync();
    }

    /// <summary>Waits until the one link of the site is as wanted.</summary>
    public async Task<LinkView> UntilAsync(Func<LinkView, bool> wanted)
    {
        using var hang = new CancellationTokenSource(HangLimit);
        LinkView? link = null;
        try
        {
            while (true)
            {
                link = (await Links.ListAsync(hang.Token)).SingleOrDefault();
                if (link is not null && wanted(link))
                {
                    return link;
                }

                await Task.Delay(10, hang.Token);
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The link of '{Name}' stays {(link is null ? "unknown" : link.IsUp ? "up" : $"down: {link.Reason}")}");
        }
    }

    public async ValueTask StopAsync()
    {
        if (_services is { } services)
        {
            _services = null;
            await services.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_data, recursive: true);
    }
}
