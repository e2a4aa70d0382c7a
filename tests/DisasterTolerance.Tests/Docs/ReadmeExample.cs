using DisasterTolerance.Plans;
using Microsoft.Extensions.DependencyInjection;

namespace DisasterTolerance.Tests.Docs;

/// <summary>The embedding example of the README, between the markers.</summary>
internal static class ReadmeExample
{
    public static async Task ProtectAsync(Guid here, Guid there, Guid machine, string peerKey)
    {
        // <readme>
        var services = new ServiceCollection();
        services.AddDisasterTolerance(site => (site.Uuid, site.Name, site.DataDirectory) = (here, "north", "/var/lib/north"))
            .AddSqliteCatalog()
            .AddImages("hci", "/srv/machines") // or AddHypervisor("hci", ...) with a provider of your own
            .ConfigureLink(link => link.Listen = "*:9301")
            .AddPeer(new() { Uuid = there, Name = "south", Endpoint = "south.example:9301", PublicKey = peerKey });
        await using var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<IDisasterToleranceSite>().StartAsync();

        var links = provider.GetRequiredService<ILinkManager>();
        await links.AddAsync(new(here, "north", there, "south", LimitBytesPerSecond: 50_000_000, ["north", "south"], "setup"));

        var plan = await provider.GetRequiredService<IPlanManager>().AddAsync(new PlanSpecification
        {
            Name = "every half hour", Master = here, Slave = there, Type = "hci",
            Interval = TimeSpan.FromMinutes(30), Rpo = TimeSpan.FromHours(1), ReserveCount = 48,
            Machines = [new() { MasterUuid = machine }],
        });

        var run = await provider.GetRequiredService<IReplicationEngine>().RunAsync(new(plan.Machines[0].Uuid, "setup"));
        Console.WriteLine($"{run.PointName}: {run.ChangedBytes} bytes changed, {run.WireBytes} bytes on the wire");

        // After a disaster, at the other site: one call, nothing asked of this one.
        // await recovery.RecoverAsync(new() { Machine = machine, Actor = "operator" });
        // </readme>
    }
}
