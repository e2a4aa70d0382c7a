using DisasterTolerance.Catalog;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios.Recovery;

/// <summary>Short words for what the tests of recovery do and look at all the time.</summary>
internal static class Recoveries
{
    public static Task<RecoveryReport> MigrateAsync(this TwoSites world, SimSite at, Guest guest, string? host = null) =>
        world.RunAsync(() => at.Recovery.MigrateAsync(new MigrationRequest { Machine = guest.Uuid, AutoShutoff = true, Host = host, Actor = "test" }));

    public static Task<RecoveryReport> RecoverAsync(this TwoSites world, SimSite at, Guest guest, string? point = null, bool force = false, string? host = null) =>
        world.RunAsync(() => at.Recovery.RecoverAsync(new RecoveryRequest { Machine = guest.Uuid, Point = point, Force = force, Host = host, Actor = "test" }));

    public static Task ConfirmAsync(this TwoSites world, SimSite at, Guest guest) => world.RunAsync(() => at.Recovery.ConfirmAsync(guest.Uuid, "test"));

    public static Task<RecoveryReport> UndoAsync(this TwoSites world, SimSite at, Guest guest) => world.RunAsync(() => at.Recovery.UndoAsync(guest.Uuid, "test"));

    public static Task ResolveAsync(this TwoSites world, SimSite at, Guest guest, SimSite winner) => world.RunAsync(() => at.Recovery.ResolveConflictAsync(guest.Uuid, winner.Uuid, "test"));

    /// <summary>A site is lost with its machine; the other one notices.</summary>
    public static async Task LoseAsync(this TwoSites world, SimSite site, Guest guest)
    {
        await world.RunAsync(site.CrashAsync);
        site.Machines.SetPower(guest.At(site), Hypervisors.PowerState.Off);
        await world.UntilAsync(() => !site.Peer.SeesPeer, TimeSpan.FromHours(3));
    }

    /// <summary>Exactly one site owns the machine in both views, it runs there and nowhere else, and nothing is unfinished.</summary>
    public static async Task AssertOwnedByAsync(this TwoSites world, SimSite owner, Guest guest)
    {
        await world.AdvanceAsync(TimeSpan.FromMinutes(1));
        var (here, there) = (await world.RowAsync(owner, guest), await world.RowAsync(owner.Peer, guest));
        Assert.True(
            here.Ownership == there.Ownership && here.Ownership.Owner == owner.Uuid && here.Ownership.YieldedTo is null && here.Pending is null && there.Pending is null
            && here.Conflict is null && there.Conflict is null && guest.IsOn(owner) && !guest.IsOn(owner.Peer),
            $"not owned by '{owner.Name}' alone.{Environment.NewLine}{Tell(here, guest.IsOn(owner))}{Environment.NewLine}{Tell(there, guest.IsOn(owner.Peer))}{Environment.NewLine}{world.Log.Tell()}");
        await new Invariants(world).CheckAsync();
    }

    /// <summary>What a point of a site's store holds, in the form of <see cref="Flat"/>.</summary>
    public static async Task<string> ContentOfAsync(this TwoSites world, SimSite site, Guid point)
    {
        var row = await world.RunAsync(() => site.Context.Catalog.FindPointAsync(point, site.Uuid, CancellationToken.None));
        return Flat(await world.RunAsync(() => PointBytes.ReadAsync(site.Context.Store, row!)));
    }

    public static string Flat(IEnumerable<KeyValuePair<string, string>> disks) => string.Join(" ", disks.Select(disk => $"{disk.Key}={disk.Value}"));

    public static string Tell(MachineRow row, bool isOn) =>
        $"{row.Ownership} {row.Procedure} pending {row.Pending} conflict {row.Conflict} takeover {row.Takeover} error '{row.LastError}' {(isOn ? "on" : "off")}";
}
