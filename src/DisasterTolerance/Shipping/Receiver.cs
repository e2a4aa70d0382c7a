using System.Collections.Concurrent;
using DisasterTolerance.Capture;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Links;
using DisasterTolerance.Recovery;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using DisasterTolerance.Upkeep;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Shipping;

/// <summary>Takes points from peers: opens or takes up sessions, and serves their data connections. Thread-safe.</summary>
internal sealed class Receiver(SiteContext site, MachineDirectory machines, PointDirectory points, IRetentionRunner retention) : IDataHandler, IControlPart
{
    // A sender ships one point of a machine at a time; older sessions are of points that it may come back to.
    private const int SessionsPerMachine = 8;
    private const int MostBases = 64;

    private readonly ConcurrentDictionary<Guid, OpenSession> _open = new();

    // Points of this store from which another one came out wrong, whatever their rows say. They are no base any more in this process; a verification finds out what ails them.
    private readonly ConcurrentDictionary<Guid, byte> _doubtful = new();
    private readonly ILogger _log = site.Logs.CreateLogger<Receiver>();

    public void Map(ControlDispatcher dispatcher) => dispatcher.Map(ShipMethods.Begin, BeginAsync);

    public async ValueTask HandleAsync(Guid peerSite, Guid session, IDataChannel channel, CancellationToken cancellationToken)
    {
        if (!_open.TryGetValue(session, out var open) || open.Sender != peerSite)
        {
            throw new DisasterToleranceException(ErrorCode.NotFound, $"Site '{site.Name}' has no open session {session}. Begin the session again.", isTransient: true);
        }

        using var turn = await open.TakeOverAsync(cancellationToken).ConfigureAwait(false);
        using var deadline = new ProgressDeadline(site.Clock, site.Options.ProgressDeadline, WorkOf(open.Manifest, peerSite), turn.Token);
        try
        {
            var row = await site.Catalog.FindSessionAsync(session, deadline.Token).ConfigureAwait(false)
                ?? throw new DisasterToleranceException(ErrorCode.NotFound, $"Session {session} is over. Begin it again.", isTransient: true);
            var receive = new ReceiveSession(site, machines, row, open.Manifest, channel, deadline);
            await ReceiveAsync(receive, row, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (deadline.IsStalled)
        {
            throw deadline.Explain(e);
        }
        catch (StorageException e) when (StoreFailures.IsOfStorage(e))
        {
            throw StoreFailures.Explain(e, WorkOf(open.Manifest, peerSite), site.Name);
        }

        _open.TryRemove(session, out _);
        Log.Received(_log, open.Manifest.Name, open.Manifest.Definition.Name, site.NameOf(peerSite));
        await retention.ApplyAsync(open.Manifest.Machine, cancellationToken).ConfigureAwait(false);
    }

    private string WorkOf(PointManifest manifest, Guid peer) => $"Receiving point {manifest.Name} of machine '{manifest.Definition.Name}' from site '{site.NameOf(peer)}'";

    private async ValueTask ReceiveAsync(ReceiveSession receive, SessionRow session, CancellationToken cancellationToken)
    {
        try
        {
            await receive.RunAsync().ConfigureAwait(false);
        }
        catch (DisasterToleranceException e) when (e.Code == ErrorCode.DataDamaged)
        {
            // Going on from the same place would fail in the same way for as long as the lease lasts. The records that came stay held, so they are not sent again.
            if (session.Base is { } basis)
            {
                _doubtful[basis] = 0;
            }

            await ForgetAsync([session], cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask ForgetAsync(IReadOnlyCollection<SessionRow> sessions, CancellationToken cancellationToken)
    {
        var batch = new CatalogBatch();
        foreach (var session in sessions)
        {
            batch.Add(new CatalogChange.DeleteSession(session.Uuid));
        }

        await site.Catalog.CommitAsync(batch, cancellationToken).ConfigureAwait(false);
        foreach (var session in sessions)
        {
            _open.TryRemove(session.Uuid, out _);
        }
    }

    private async ValueTask<ShipReady> BeginAsync(Guid peer, ShipBegin request, CancellationToken cancellationToken)
    {
        var (row, plan) = await DemandSenderAsync(peer, request, cancellationToken).ConfigureAwait(false);
        var manifest = ManifestCodec.Read(request.Manifest);
        var hash = ContentHash.Of(request.Manifest);
        DemandManifest(row, manifest, request, peer);
        var held = await site.Catalog.FindPointAsync(manifest.Point, site.Uuid, cancellationToken).ConfigureAwait(false);
        if (held is not null && (BranchRules.IsUsable(held) || held.Removed is not null))
        {
            return new ShipReady(true, Guid.Empty, null, []);
        }

        try
        {
            await new SpaceGuard(site).DemandAsync(0, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException e) when (StoreFailures.IsOfStorage(e))
        {
            throw StoreFailures.Explain(e, WorkOf(manifest, peer), site.Name);
        }

        ShipFrames.Demand(request.Bases.Count <= MostBases, "too many bases were named");
        var session = await FindSessionAsync(peer, request, manifest, hash, cancellationToken).ConfigureAwait(false)
            ?? await OpenSessionAsync(peer, request, manifest, hash, cancellationToken).ConfigureAwait(false);
        _open.AddOrUpdate(session.Uuid, _ => new OpenSession(peer, manifest), (_, old) => old);
        return new ShipReady(false, session.Uuid, session.Base, [.. session.Disks.Select(d => d.Watermark)]);
    }

    private async ValueTask<(MachineRow Row, PlanRow Plan)> DemandSenderAsync(Guid peer, ShipBegin request, CancellationToken cancellationToken)
    {
        var row = await site.Catalog.FindMachineAsync(request.Machine, cancellationToken).ConfigureAwait(false);
        var plan = row is null ? null : await site.Catalog.FindPlanAsync(row.Plan, cancellationToken).ConfigureAwait(false);
        if (row is null || plan is null || row.Removed is not null || plan.Deleted is not null || site.PeerOf(plan) != peer)
        {
            throw new DisasterToleranceException(
                ErrorCode.NotFound, $"Site '{site.Name}' protects no machine {request.Machine} together with site '{site.NameOf(peer)}'. If the plan is new, its facts are still on their way.", isTransient: true);
        }

        if (row.Ownership.Owner != peer || row.Ownership.Number != request.Epoch)
        {
            throw new DisasterToleranceException(
                ErrorCode.NotOwner,
                $"As far as site '{site.Name}' knows, machine '{row.Name}' is in epoch {row.Ownership.Number} of site '{site.NameOf(row.Ownership.Owner)}', not in epoch {request.Epoch} of the sender. The sites compare their facts when they meet.",
                isTransient: true);
        }

        return (row, plan);
    }

    private static void DemandManifest(MachineRow row, PointManifest manifest, ShipBegin request, Guid peer)
    {
        ShipFrames.Demand(manifest.Machine == row.Uuid && manifest.Point == request.Point, "the manifest is of another machine or point");
        ShipFrames.Demand(manifest.Epoch <= row.Ownership.Number && manifest.Origin == peer, "the manifest is of another owner");
        ShipFrames.Demand(
            row.ChunkSize == 0 || (row.ChunkSize == manifest.Geometry.ChunkSize && row.FanOut == manifest.Geometry.FanOut), "the manifest has another chunk size or fan-out than the machine");
        ShipFrames.Demand(ManifestCodec.Write(manifest).AsSpan().SequenceEqual(request.Manifest), "the manifest is not in its canonical form");
    }

    /// <summary>The session to be taken up again, or null. What the sender cannot go on with, and the oldest of too many, are forgotten.</summary>
    private async ValueTask<SessionRow?> FindSessionAsync(Guid peer, ShipBegin request, PointManifest manifest, ContentHash hash, CancellationToken cancellationToken)
    {
        var all = await site.Catalog.ListSessionsAsync(cancellationToken).ConfigureAwait(false);
        var mine = all.Where(session => session.Sender == peer && session.Machine == manifest.Machine).ToList();
        var found = mine.LastOrDefault(session => session.Point == manifest.Point && session.Manifest == hash && session.Expires > site.Now
            && (session.Base is not { } basis || request.Bases.Contains(basis)));
        var others = mine.Where(session => session != found).ToList();
        var over = others.Where(session => session.Point == manifest.Point || session.Expires <= site.Now)
            .Concat(others.SkipLast(SessionsPerMachine - 1)).DistinctBy(session => session.Uuid).ToList();
        await ForgetAsync(over, cancellationToken).ConfigureAwait(false);
        return found;
    }

    private async ValueTask<SessionRow> OpenSessionAsync(Guid peer, ShipBegin request, PointManifest manifest, ContentHash hash, CancellationToken cancellationToken)
    {
        // Until the session's row says what it needs: a sweep that has read the sessions before it must find it pinned.
        using var scope = site.Store.BeginScope();
        var basis = await FindBaseAsync(scope, manifest, request.Bases, cancellationToken).ConfigureAwait(false);
        var old = basis is null ? null : await points.ReadManifestAsync(basis, cancellationToken).ConfigureAwait(false);
        var session = new SessionRow
        {
            Uuid = site.Ids.NewId(),
            Sender = peer,
            Machine = manifest.Machine,
            Point = manifest.Point,
            Manifest = hash,
            Base = basis?.Uuid,
            ChunkSize = manifest.Geometry.ChunkSize,
            FanOut = manifest.Geometry.FanOut,
            Disks = [.. manifest.Disks.Select(disk => Start(disk, old))],
            Started = site.Now,
            Expires = site.Now + site.Options.SessionLease,
        };
        await site.Catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.PutSession(session)), cancellationToken).ConfigureAwait(false);
        return session with { RowVersion = 1 };
    }

    private async ValueTask<PointRow?> FindBaseAsync(IStoreScope scope, PointManifest manifest, IReadOnlyList<Guid> candidates, CancellationToken cancellationToken)
    {
        foreach (var candidate in candidates)
        {
            if (_doubtful.ContainsKey(candidate) || await FindBaseAsync(manifest, candidate, cancellationToken).ConfigureAwait(false) is not { } basis)
            {
                continue;
            }

            // Pinned first and then found still there: no sweep takes it.
            scope.Pin(LiveRoot.Manifest(basis.Manifest));
            if (await FindBaseAsync(manifest, candidate, cancellationToken).ConfigureAwait(false) is not null)
            {
                return basis;
            }
        }

        return null;
    }

    private async ValueTask<PointRow?> FindBaseAsync(PointManifest manifest, Guid candidate, CancellationToken cancellationToken) =>
        await site.Catalog.FindPointAsync(candidate, site.Uuid, cancellationToken).ConfigureAwait(false) is { } row && row.Machine == manifest.Machine && BranchRules.IsUsable(row) ? row : null;

    private static SessionDisk Start(ManifestDisk disk, PointManifest? old)
    {
        var tree = old?.Disks.FirstOrDefault(d => d.Definition.Id == disk.Definition.Id)?.Tree ?? new DiskTree(ContentHash.Zero, disk.Tree.Depth);
        return new SessionDisk(disk.Definition.Id, 0, tree.Root, tree.Depth);
    }
}
