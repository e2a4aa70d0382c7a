using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Plans;
using DisasterTolerance.Recovery;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Capture;

/// <summary>
/// One capture: release leftovers → snapshot → disks → stability → manifest → catalog row → release. A kill anywhere leaves the old state and garbage that the next capture and the sweep remove.
/// </summary>
internal sealed class Capturer(SiteContext site, MachineDirectory machines, PointDirectory points) : ICapturer
{
    private readonly ChangeFinder _changes = new(site, machines);
    private readonly ILogger _log = site.Logs.CreateLogger<Capturer>();

    public async ValueTask<CaptureReport> CaptureAsync(Guid machine, PointKind kind, CancellationToken cancellationToken)
    {
        site.Certainty.Demand(site.Name);
        var (row, plan) = await machines.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        var hypervisor = site.HypervisorOf(plan);
        var local = site.LocalUuid(plan, row);
        var work = $"Capturing machine '{row.Name}' ({local}) of plan '{plan.Name}'";
        using var deadline = new ProgressDeadline(site.Clock, site.Options.ProgressDeadline, work, cancellationToken);
        using var progress = site.Progress.Begin(row.Uuid, Procedure.Capturing, site.Now);
        try
        {
            return await CaptureAsync(row, plan, hypervisor, local, kind, work, deadline, progress).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (deadline.IsStalled)
        {
            throw deadline.Explain(e);
        }
        catch (StorageException e) when (StoreFailures.IsOfStorage(e))
        {
            throw StoreFailures.Explain(e, work, site.Name);
        }
    }

    private async ValueTask<CaptureReport> CaptureAsync(
        MachineRow row, PlanRow plan, IHypervisorProvider hypervisor, Guid local, PointKind kind, string work, ProgressDeadline deadline, ProgressBoard.Entry progress)
    {
        var token = deadline.Token;
        var began = site.Now;
        var started = site.Clock.GetTimestamp();
        var info = await hypervisor.FindMachineAsync(local, token).ConfigureAwait(false)
            ?? throw new HypervisorException(
                ErrorCode.MachineNotFound, local,
                $"{work}: hypervisor '{plan.Type}' of site '{site.Name}' has no such machine any more. Its points are kept. Register the machine again, or take it out of the plan.");
        deadline.Moved();
        await ReleaseLeftoversAsync(hypervisor, local, token).ConfigureAwait(false);

        var point = site.Ids.NewId();
        var snapshotId = point.ToString("N");
        var request = new SnapshotRequest(local, snapshotId, hypervisor.Capabilities.BestConsistency, site.Options.FreezeTimeout) { Plan = plan.Uuid };
        var outcome = SnapshotOutcome.Abandoned;
        try
        {
            var snapshot = await hypervisor.TakeSnapshotAsync(request, token).ConfigureAwait(false);
            await using var handles = snapshot.ConfigureAwait(false);
            deadline.Moved();
            using var scope = site.Store.BeginScope();
            var shot = new CaptureShot(row, plan, hypervisor, snapshot, kind, point, began, work);
            var (manifest, totals, tokens) = await CaptureDisksAsync(shot, scope, deadline, progress).ConfigureAwait(false);
            var hash = await scope.CommitManifestAsync(manifest, token).ConfigureAwait(false);
            deadline.Moved();
            var stored = await CommitAsync(manifest, hash, scope.AddedBytes, tokens, info, token).ConfigureAwait(false);
            outcome = SnapshotOutcome.Captured;
            Log.Captured(_log, row.Name, stored.Name, totals.ReadBytes, totals.ChangedBytes, scope.AddedBytes);
            site.Events.Publish(SiteEventKind.PointCommitted, $"Point {stored.Name} of machine '{row.Name}' was captured.", row.Uuid, plan.Uuid);
            return new CaptureReport(
                stored, site.Clock.GetElapsedTime(started), totals.DiskBytes, totals.ReadBytes, totals.ChangedBytes, scope.AddedBytes, totals.AuditedBytes, totals.ComparedBecause);
        }
        finally
        {
            await ReleaseAsync(hypervisor, local, snapshotId, outcome).ConfigureAwait(false);
        }
    }

    private async ValueTask<(PointManifest Manifest, Totals Totals, IReadOnlyDictionary<string, string> Tokens)> CaptureDisksAsync(
        CaptureShot shot, IStoreScope scope, ProgressDeadline deadline, ProgressBoard.Entry progress)
    {
        var token = deadline.Token;
        var row = shot.Row;
        var geometry = row.ChunkSize > 0 ? new ChunkGeometry(row.ChunkSize, row.FanOut) : new ChunkGeometry(site.Options.ChunkBytes, site.Options.FanOut);
        var known = await points.ListOwnAsync(row.Uuid, token).ConfigureAwait(false);
        var parent = BranchRules.NewestUsable(known, row.Forks);
        var baseManifest = parent is null ? null : await points.ReadManifestAsync(parent, token).ConfigureAwait(false);
        if (baseManifest is not null)
        {
            scope.Pin(LiveRoot.Manifest(parent!.Manifest));
        }

        var space = new SpaceGuard(site);
        await space.DemandAsync(0, token).ConfigureAwait(false);
        var mode = shot.Plan.Compression ? CompressionMode.On : CompressionMode.Off;
        var job = new CaptureJob(geometry, site.Store, scope, mode, site.Workers, deadline, progress, space);
        List<ManifestDisk> disks = [];
        Dictionary<string, string> tokens = [];
        var found = await _changes.FindAsync(shot, geometry, parent, baseManifest, deadline).ConfigureAwait(false);
        var totals = new Totals { AuditedBytes = found.AuditedBytes, ComparedBecause = found.ComparedBecause };
        foreach (var (disk, old, changed) in found.Disks)
        {
            progress.AddTotal(disk.Definition.LengthBytes);
            var baseTree = old?.Tree ?? DiskTree.Empty(geometry, geometry.LeafCount(disk.Definition.LengthBytes));
            var capture = await DiskCapture.BeginAsync(job, disk, baseTree).ConfigureAwait(false);
            var tree = changed is null ? await capture.CaptureAllAsync().ConfigureAwait(false) : await capture.CaptureChangesAsync(changed).ConfigureAwait(false);
            disks.Add(new ManifestDisk(disk.Definition, tree));
            totals.DiskBytes += disk.Definition.LengthBytes;
            totals.ReadBytes += capture.ReadBytes;
            totals.ChangedBytes += capture.ChangedBytes;
            if (disk.ChangeToken is { } position)
            {
                tokens[disk.Definition.Id] = position.Value;
            }
        }

        var consistency = await SettleConsistencyAsync(shot, token).ConfigureAwait(false);
        var names = known.Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        var latest = await machines.GetAsync(row.Uuid, token).ConfigureAwait(false);
        var manifest = new PointManifest
        {
            Point = shot.Point,
            Machine = row.Uuid,
            Name = PointNames.For(shot.Began, names),
            Began = shot.Began,
            Committed = site.Now,
            Origin = site.Uuid,
            Epoch = latest.Ownership.Number,
            Sequence = latest.LastSequence + 1,
            Parent = parent?.Uuid,
            Kind = shot.Kind,
            Consistency = consistency,
            Geometry = geometry,
            Definition = shot.Snapshot.Definition,
            Disks = disks,
        };
        return (manifest, totals, tokens);
    }

    private async ValueTask<SnapshotConsistency> SettleConsistencyAsync(CaptureShot shot, CancellationToken cancellationToken)
    {
        if (await shot.Snapshot.CheckStabilityAsync(cancellationToken).ConfigureAwait(false) != SnapshotStability.Changed)
        {
            return shot.Snapshot.Consistency;
        }

        // Whoever keeps a last state before it is overwritten takes a fuzzy one rather than none.
        return site.Options.AllowFuzzyPoints || shot.Kind != PointKind.Regular
            ? SnapshotConsistency.Fuzzy
            : throw new HypervisorException(
                ErrorCode.DiskChanged, shot.Snapshot.Machine,
                $"{shot.Work}: a disk changed while it was read, so the point would be from no single instant. Stop the writer, use a file system with reflinks, or set {nameof(EngineOptions.AllowFuzzyPoints)}. No older point was harmed.",
                isTransient: true);
    }

    private async ValueTask<PointRow> CommitAsync(
        PointManifest manifest, ContentHash hash, long addedBytes, IReadOnlyDictionary<string, string> tokens, MachineInfo info, CancellationToken cancellationToken)
    {
        PointRow? stored = null;
        await machines.UpdateAsync(
            manifest.Machine,
            row => row.Ownership.Number != manifest.Epoch || row.LastSequence >= manifest.Sequence
                ? throw new DisasterToleranceException(
                    ErrorCode.NotOwner,
                    $"The owner or the branch of machine '{row.Name}' changed while it was captured, so the new point was dropped. Look at the state list; the next run goes on from there.",
                    isTransient: true)
                : row with
                {
                    ChunkSize = manifest.Geometry.ChunkSize,
                    FanOut = manifest.Geometry.FanOut,
                    LastSequence = manifest.Sequence,
                    Own = new HoldingFacts(row.Own.Bytes + addedBytes, row.Own.Count + 1, manifest.Name, manifest.Began, manifest.Committed, site.Now),
                    Guest = new GuestFacts(info.Name, info.Power, info.IpAddresses, info.Group, info.GroupPath, info.Zone, false, site.Now),
                    DeltaBytes = row.DeltaBytes + addedBytes,
                },
            cancellationToken,
            also: (row, batch) => batch.Add(new CatalogChange.PutPoint(stored = PointRows.FromManifest(manifest, hash, site.Uuid) with
            {
                AddedBytes = addedBytes,
                ChangeTokens = tokens,
                FactsVersion = row.FactsVersion,
            }))).ConfigureAwait(false);
        return stored! with { RowVersion = 1 };
    }

    private async ValueTask ReleaseLeftoversAsync(IHypervisorProvider hypervisor, Guid local, CancellationToken cancellationToken)
    {
        List<string> leftovers = [];
        await foreach (var snapshot in hypervisor.ListSnapshotsAsync(local, cancellationToken).ConfigureAwait(false))
        {
            leftovers.Add(snapshot);
        }

        foreach (var snapshot in leftovers)
        {
            // Named after the point that it was taken for: if that was committed, only the release was lost.
            var captured = Guid.TryParseExact(snapshot, "N", out var point)
                && await site.Catalog.FindPointAsync(point, site.Uuid, cancellationToken).ConfigureAwait(false) is not null;
            Log.LeftoverSnapshot(_log, snapshot, local);
            await hypervisor.ReleaseSnapshotAsync(local, snapshot, captured ? SnapshotOutcome.Captured : SnapshotOutcome.Abandoned, cancellationToken).ConfigureAwait(false);
        }
    }

    // Runs after success and failure alike, so a caller that gave up does not leave the machine with a snapshot; what fails here is a leftover of the next capture.
    private async ValueTask ReleaseAsync(IHypervisorProvider hypervisor, Guid local, string snapshot, SnapshotOutcome outcome)
    {
        using var limit = new CancellationTokenSource(site.Options.ProgressDeadline, site.Clock);
        try
        {
            await hypervisor.ReleaseSnapshotAsync(local, snapshot, outcome, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is DisasterToleranceException or OperationCanceledException)
        {
            Log.ReleaseFailed(_log, snapshot, local, e);
        }
    }

    private sealed class Totals
    {
        public long DiskBytes { get; set; }

        public long ReadBytes { get; set; }

        public long ChangedBytes { get; set; }

        public required long AuditedBytes { get; init; }

        public required string ComparedBecause { get; init; }
    }
}
