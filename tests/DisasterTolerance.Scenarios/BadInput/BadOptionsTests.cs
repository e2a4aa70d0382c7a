using DisasterTolerance.Links;
using DisasterTolerance.Testing.Catalog;
using DisasterTolerance.Testing.Hypervisors;
using Microsoft.Extensions.DependencyInjection;

namespace DisasterTolerance.Scenarios.BadInput;

public sealed class BadOptionsTests
{
    [Fact]
    public async Task StartAsync_SeveralWrongOptions_TellsAllOfThemAndOpensNothing()
    {
        var root = Directory.CreateTempSubdirectory("dt-options-").FullName;
        try
        {
            var services = new ServiceCollection();
            services.AddDisasterTolerance(site => (site.Name, site.DataDirectory) = ("", Path.Combine(root, "data")))
                .AddImages("hci", Path.Combine(root, "images"))
                .AddHypervisor("hci", _ => new InMemoryHypervisor(TimeProvider.System))
                .AddHypervisor(new string('x', 65), _ => new InMemoryHypervisor(TimeProvider.System))
                .AddCatalog(_ => new InMemoryCatalog(new InMemoryCatalogFile(), new RandomIdSource()))
                .AddPeer(new PeerOptions { Uuid = Guid.Parse("00000000-0000-4000-8000-000000000002"), Name = "west", Endpoint = "west", PublicKey = "abc" })
                .AddPeer(new PeerOptions { Uuid = Guid.Parse("00000000-0000-4000-8000-000000000002"), Name = "far", Endpoint = "far:1", PublicKey = new string('a', 64) })
                .ConfigureEngine(engine => (engine.ChunkBytes, engine.ParallelCaptures, engine.ParallelShips, engine.ReserveBytes, engine.TrackerAuditChunks, engine.ScheduleTick) = (5000, -1, -1, -1, -1, TimeSpan.Zero))
                .ConfigureRetention(retention => retention.FloorPoints = 0)
                .ConfigureStore(store => store.PackBytes = 1)
                .ConfigureExports(exports => (exports.SocketDirectory, exports.Listen) = ("/" + new string('x', 200), new(System.Net.IPAddress.Loopback, 0)))
                .ConfigureLink(link => (link.Listen, link.HeartbeatInterval) = ("nowhere", TimeSpan.MaxValue));
            await using var provider = services.BuildServiceProvider();

            var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await provider.GetRequiredService<IDisasterToleranceSite>().StartAsync());

            Assert.Equal(ErrorCode.InvalidArgument, error.Code);
            string[] faults =
            [
                "Correct them and start again", "Site:Uuid is missing", "Site:Name must have", "'hci' is given more than once", "must have 1 to 64 characters", "Engine:ChunkBytes 5000",
                "Engine:ParallelCaptures must be 1 to 64", "Engine:ParallelShips must be 1 to 64", "Engine:ReserveBytes must not be negative", "Engine:TrackerAuditChunks must be 0 to 65,536", "Engine:ScheduleTick is 00:00:00",
                "Retention:FloorPoints must be at least 1", "Store:", "Link:Listen 'nowhere'", "Link:HeartbeatInterval is", "Peers:0:Endpoint 'west'", "Peers:0:PublicKey 'abc'",
                "stands more than once among the peers", "Exports:SocketDirectory:", "Exports:Listen needs Tls",
            ];
            Assert.All(faults, fault => Assert.Contains(fault, error.Message, StringComparison.Ordinal));
            Assert.Empty(Directory.EnumerateFileSystemEntries(root));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public async Task StartAsync_NoCatalog_SaysHowToAddOne()
    {
        var services = new ServiceCollection();
        services.AddDisasterTolerance(site => (site.Uuid, site.Name, site.DataDirectory) = (Guid.NewGuid(), "east", "unused"));
        await using var provider = services.BuildServiceProvider();

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await provider.GetRequiredService<IDisasterToleranceSite>().StartAsync());

        Assert.Equal(ErrorCode.InvalidArgument, error.Code);
        Refusals.AssertSays(error.Message, "The site", "has no catalog", "Add one, for instance with AddSqliteCatalog");
    }
}
