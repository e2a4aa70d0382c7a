using DisasterTolerance.Catalog;
using DisasterTolerance.Links;

namespace DisasterTolerance.Tests.Links;

public sealed class LinkManagerTests
{
    [Fact]
    public async Task AddAsync_ConfiguredPeer_LimitsAndMirrors()
    {
        await using var pair = await MirrorPair.OpenAsync();

        var view = await pair.Master.LinkManager.AddAsync(Specification(pair, 5000));

        Assert.True(view.IsUp);
        Assert.Equal(5000, pair.Master.Link.Limit);
        await MirrorPair.UntilAsync(async () => (await pair.Slave.LinkManager.ListAsync()).Count == 1);
        await MirrorPair.UntilAsync(() => Task.FromResult(pair.Slave.Link.Limit == 5000));
        Assert.Equal(view.Link.Uuid, (await pair.Slave.LinkManager.ListAsync())[0].Link.Uuid);
    }

    [Fact]
    public async Task AddAsync_Twice_NamesTheLinkThatIsThere()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var view = await pair.Master.LinkManager.AddAsync(Specification(pair, -1));

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await pair.Master.LinkManager.AddAsync(Specification(pair, -1)));

        Assert.Equal(ErrorCode.AlreadyExists, error.Code);
        Assert.Contains(view.Link.Uuid.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    public async Task AddAsync_BadLimit_IsRefused(long limit)
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await pair.Master.LinkManager.AddAsync(Specification(pair, limit)));

        Assert.Equal(ErrorCode.InvalidArgument, error.Code);
    }

    [Fact]
    public async Task AddAsync_PeerThatIsNotConfigured_IsNotFound()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await pair.Master.LinkManager.AddAsync(Specification(pair, -1) with { SideB = Guid.NewGuid() }));

        Assert.Equal(ErrorCode.NotFound, error.Code);
    }

    [Fact]
    public async Task EditAsync_AtEitherSiteWithAClockBehind_TheLaterEditHolds()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var link = (await pair.Master.LinkManager.AddAsync(Specification(pair, 5000))).Link.Uuid;
        await MirrorPair.UntilAsync(() => Task.FromResult(pair.Slave.Link.Limit == 5000));

        // All within one instant of both clocks.
        await pair.Slave.LinkManager.EditAsync(link, 6000, "ben");
        await MirrorPair.UntilAsync(() => Task.FromResult(pair.Master.Link.Limit == 6000));
        await pair.Master.LinkManager.EditAsync(link, 7000, "anna");

        await MirrorPair.UntilAsync(() => Task.FromResult(pair.Slave.Link.Limit == 7000));
    }

    [Fact]
    public async Task DeleteAsync_PlanUsesIt_IsAConflictUntilThePlanIsDeleted()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var link = (await pair.Master.LinkManager.AddAsync(Specification(pair, 5000))).Link.Uuid;
        var (plan, _) = await pair.ProtectAsync();

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await pair.Master.LinkManager.DeleteAsync(link, "anna"));
        Assert.Equal(ErrorCode.Conflict, error.Code);
        Assert.Contains("'payroll'", error.Message, StringComparison.Ordinal);
        await pair.Master.Manager.DeleteAsync(plan.Uuid, "anna");
        await pair.Master.LinkManager.DeleteAsync(link, "anna");

        Assert.Equal(-1, pair.Master.Link.Limit);
        Assert.Empty(await pair.Master.LinkManager.ListAsync());
        await MirrorPair.UntilAsync(async () => (await pair.Slave.LinkManager.ListAsync()).Count == 0);
    }

    [Fact]
    public async Task AddAsync_AtBothSitesApart_TheOlderLinkHoldsAtBoth()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var older = (await pair.Slave.LinkManager.AddAsync(Specification(pair, 1000))).Link.Uuid;
        pair.Time.Advance(TimeSpan.FromMinutes(1));
        await pair.Master.LinkManager.AddAsync(Specification(pair, 2000));

        pair.Up();

        foreach (var site in (MirrorSite[])[pair.Master, pair.Slave])
        {
            await MirrorPair.UntilAsync(async () => await site.LinkManager.ListAsync() is [{ Link: var link }] && link.Uuid == older);
            await MirrorPair.UntilAsync(() => Task.FromResult(site.Link.Limit == 1000));
        }
    }

    [Fact]
    public async Task Events_UpAndDown_AreToldOnceEach()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var events = pair.Master.Events.ReadAsync(stop.Token).GetAsyncEnumerator(stop.Token);
        var first = events.MoveNextAsync();

        pair.Master.Link.Set(true);
        pair.Master.Link.Set(true);
        pair.Master.Link.Set(false);

        Assert.True(await first);
        Assert.Equal(SiteEventKind.LinkUp, events.Current.Kind);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(SiteEventKind.LinkDown, events.Current.Kind);
    }

    [Fact]
    public void Check_LinkOfOtherSites_IsRefused()
    {
        var (site, peer, other) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());
        var link = new LinkRow
        {
            Uuid = Guid.NewGuid(), SideA = site, SideAName = "a", SideB = peer, SideBName = "b", Created = DateTimeOffset.UnixEpoch, Modified = DateTimeOffset.UnixEpoch,
        };

        Assert.Null(FactsRules.Check(link, site, peer));
        Assert.NotNull(FactsRules.Check(link with { SideB = other }, site, peer));
        Assert.NotNull(FactsRules.Check(link with { LimitBytesPerSecond = 0 }, site, peer));
        Assert.NotNull(FactsRules.Check(link with { SideBName = new string('x', 300) }, site, peer));
        Assert.NotNull(FactsRules.Check(link with { Modified = DateTimeOffset.MaxValue }, site, peer));
        Assert.NotNull(FactsRules.Check(link with { Relation = [null!] }, site, peer));
    }

    private static LinkSpecification Specification(MirrorPair pair, long limit) => new(pair.Master.Uuid, "east", pair.Slave.Uuid, "west", limit, ["east", "west"], "anna");
}
