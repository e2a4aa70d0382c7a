using System.Net;
using System.Net.Sockets;
using System.Text;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Links;
using DisasterTolerance.Testing.Hypervisors;
using DisasterTolerance.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Api.Live;

/// <summary>A whole site in real time: SQLite catalog, store in a directory, TLS links and HTTP on loopback. Only its machines are in memory.</summary>
internal sealed class LiveSite : IAsyncDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("dt-livesite-").FullName;
    private readonly int _port = FreePort();
    private WebApplication? _app;
    private HttpClient? _client;

    public LiveSite(string name)
    {
        Name = name;
        using var identity = SiteIdentity.LoadOrCreate(_data, TimeProvider.System);
        Key = identity.PublicKeyHex;
    }

    public string Name { get; }

    public Guid Uuid { get; } = Guid.NewGuid();

    public string Key { get; }

    public InMemoryHypervisor Machines { get; } = new(TimeProvider.System);

    public LevelLog Logged { get; } = new();

    public T Get<T>()
        where T : notnull => _app!.Services.GetRequiredService<T>();

    public async Task StartAsync(params LiveSite[] peers)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        builder.Logging.AddProvider(Logged);
        var site = builder.Services.AddDisasterTolerance(options => (options.Uuid, options.Name, options.DataDirectory) = (Uuid, Name, _data))
            .AddSqliteCatalog()
            .AddHypervisor("hci", _ => Machines)
            .ConfigureLink(link => link.Listen = $"127.0.0.1:{_port}");
        foreach (var peer in peers)
        {
            site.AddPeer(new PeerOptions { Uuid = peer.Uuid, Name = peer.Name, Endpoint = $"127.0.0.1:{peer._port}", PublicKey = peer.Key });
        }

        _app = builder.Build();
        _app.MapDisasterTolerance();
        await _app.StartAsync();
        var address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        _client = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(5) };
    }

    /// <summary>Adds a machine with one small disk, switched on.</summary>
    public Guid AddMachine()
    {
        var uuid = Guid.NewGuid();
        Machines.AddMachine(uuid, new MachineDefinition { Name = $"vm-{uuid:N}"[..9], Disks = [new("disk0", 300_000)] });
        Machines.WriteDisk(uuid, "disk0", 1_000, Encoding.UTF8.GetBytes($"{uuid}"));
        Machines.SetPower(uuid, PowerState.On);
        return uuid;
    }

    public Task<ApiAnswer> PostAsync(string route, string body, CancellationToken cancellationToken = default) => PostAsync(route, Encoding.UTF8.GetBytes(body), cancellationToken);

    public async Task<ApiAnswer> PostAsync(string route, byte[] body, CancellationToken cancellationToken = default)
    {
        using var content = new ByteArrayContent(body);
        using var response = await _client!.PostAsync(new Uri(SiteApi.Prefix + route, UriKind.Relative), content, cancellationToken);
        return new ApiAnswer(response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        Directory.Delete(_data, recursive: true);
    }

    // Below the range from which the system takes ports for outgoing connections, so nobody else comes by it between here and the start.
    private static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(12_000, 30_000);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Somebody listens there: another one.
            }
        }
    }
}
