using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Storage;
using DisasterTolerance.Testing.Catalog;

namespace DisasterTolerance.Simulation.Plants;

/// <summary>Mistakes around the storage, the catalog and the hypervisor: what the engine would do to them, or they to the engine, if an order or a rule were forgotten.</summary>
internal static class OutsidePlants
{
    /// <summary>The engine takes its flushes as done, and they are not.</summary>
    public static SitePlants FlushesNothing(SimSite site) => new()
    {
        Storage = storage => Intercept<IAppendStorage>.Of(storage, call => call.Member switch
        {
            "Begin" or "Resume" => UnflushedAsync(call.Pass<ValueTask<IAppendBlob>>()),
            _ => call.Pass(),
        }),
    };

    /// <summary>The last commit was acknowledged before it was durable.</summary>
    public static SitePlants CommitsEarly(SimSite site) => Torn(site, static (file, _) => file.Fork());

    /// <summary>A crash leaves half of the last commit.</summary>
    public static SitePlants CommitsHalf(SimSite site)
    {
        InMemoryCatalogFile? half = null;
        return new()
        {
            Catalog = catalog => Intercept<ICatalog>.Of(catalog, call =>
            {
                if (call.Member != "Commit" || (CatalogBatch)call.Arguments[0]! is not { Changes.Count: > 1 } batch)
                {
                    half = call.Member == "Commit" ? null : half;
                    return call.Pass();
                }

                var before = site.CatalogFile.Fork();
                var sequence = catalog.CommitAsync(batch, CancellationToken.None);
                var after = site.CatalogFile.Fork();
                half = sequence.IsCompletedSuccessfully ? HalfOf(before, batch) ?? after : after;
                return sequence;
            }),
            Crashed = () =>
            {
                if (half is not null)
                {
                    site.CatalogFile.RestoreFrom(half);
                    half = null;
                }
            },
        };
    }

    /// <summary>Changes rows on their way into the catalog.</summary>
    public static SitePlants Changing(Func<CatalogChange, CatalogChange> change) => new()
    {
        Catalog = catalog => Intercept<ICatalog>.Of(catalog, call =>
        {
            if (call.Member == "Commit")
            {
                var batch = new CatalogBatch();
                foreach (var item in ((CatalogBatch)call.Arguments[0]!).Changes)
                {
                    batch.Add(change(item));
                }

                call.Arguments[0] = batch;
            }

            return call.Pass();
        }),
    };

    public static SitePlants ForgetsYield(SimSite site) => Changing(static change => change is CatalogChange.PutMachine { Row: { Ownership.YieldedTo: not null } row }
        ? new CatalogChange.PutMachine(row with { Ownership = row.Ownership with { YieldedTo = null } })
        : change);

    public static SitePlants ForgetsConflict(SimSite site) => Changing(static change => change is CatalogChange.PutMachine { Row: { Conflict: not null } row }
        ? new CatalogChange.PutMachine(row with { Conflict = null })
        : change);

    public static SitePlants ForgetsWork(SimSite site) => Changing(static change => change is CatalogChange.PutMachine { Row: { Pending: not null } row }
        ? new CatalogChange.PutMachine(row with { Pending = null })
        : change);

    public static SitePlants ShowsOldFacts(SimSite site) => Changing(static change => change is CatalogChange.PutMachine { Row: { Peer.Count: > 2 } row }
        ? new CatalogChange.PutMachine(row with { Peer = row.Peer with { Count = 2 } })
        : change);

    /// <summary>Retention takes the newest point where it should take an old one.</summary>
    public static SitePlants RemovesNewest(SimSite site) => Changing(change =>
        change is CatalogChange.PutPoint { Row: { Removed: not null } row } && row.Site == site.Uuid
        && site.DurablePoints(row.Machine).Where(point => point.Removed is null).MaxBy(point => point.Sequence) is { } newest && newest.Uuid != row.Uuid
            ? new CatalogChange.PutPoint(newest with { Removed = row.Removed })
            : change);

    /// <summary>The machine starts before the epoch is written.</summary>
    public static SitePlants StartsEarly(SimSite site) => OnHypervisor(call =>
    {
        if (call.Member == "Register")
        {
            return StartAsync((IHypervisorProvider)call.Inner, (Guid)call.Arguments[0]!, call.Pass<ValueTask<string>>());
        }

        return call.Pass();
    });

    /// <summary>A machine counts as shut down before it is.</summary>
    public static SitePlants SkipsShutdown(SimSite site) => OnHypervisor(call => call.Member == "ShutDown"
        ? ValueTask.FromResult(default(ShutdownResult))
        : call.Pass());

    /// <summary>A run that failed leaves its change token behind as if it had been captured.</summary>
    public static SitePlants KeepsToken(SimSite site)
    {
        Dictionary<string, ChangeToken> last = new(StringComparer.Ordinal);
        site.Engine += engine => engine.TrackerAuditChunks = 0;
        return OnHypervisor(call =>
        {
            if (call.Member == "GetChangedExtents" && last.TryGetValue($"{((ISnapshot)call.Arguments[0]!).Machine}/{call.Arguments[1]}", out var token))
            {
                call.Arguments[2] = token;
            }

            return call.Member == "TakeSnapshot" ? RememberAsync(call.Pass<ValueTask<ISnapshot>>(), last) : call.Pass();
        });
    }

    /// <summary>Some writes of a recovery never reach the disk.</summary>
    public static SitePlants LosesWrites(SimSite site) => OnHypervisor(call => call.Member == "OpenDisk" ? LosingAsync(call.Pass<ValueTask<ITargetDisk>>()) : call.Pass());

    private static SitePlants OnHypervisor(Func<Call, object?> answer) => new() { Hypervisor = hypervisor => Intercept<ITrackedHypervisor>.Of(hypervisor, answer) };

    private static SitePlants Torn(SimSite site, Func<InMemoryCatalogFile, CatalogBatch, InMemoryCatalogFile> left)
    {
        InMemoryCatalogFile? last = null;
        return new()
        {
            Catalog = catalog => Intercept<ICatalog>.Of(catalog, call =>
            {
                last = call.Member == "Commit" ? left(site.CatalogFile, (CatalogBatch)call.Arguments[0]!) : last;
                return call.Pass();
            }),
            Crashed = () =>
            {
                if (last is not null)
                {
                    site.CatalogFile.RestoreFrom(last);
                    last = null;
                }
            },
        };
    }

    /// <summary>A copy of a file with the first half of a batch; null if that half cannot stand alone.</summary>
    private static InMemoryCatalogFile? HalfOf(InMemoryCatalogFile before, CatalogBatch batch)
    {
        var half = new CatalogBatch();
        foreach (var change in batch.Changes.Take(batch.Changes.Count / 2))
        {
            half.Add(change);
        }

        var catalog = new InMemoryCatalog(before, new SeededIds(0));
        var isOpen = catalog.OpenAsync(CancellationToken.None).IsCompletedSuccessfully && catalog.CommitAsync(half, CancellationToken.None).IsCompletedSuccessfully;
        catalog.Crash();
        return isOpen ? before : null;
    }

    private static async ValueTask<IAppendBlob> UnflushedAsync(ValueTask<IAppendBlob> opened) =>
        Intercept<IAppendBlob>.Of(await opened, call => call.Member == "Flush" ? ValueTask.CompletedTask : call.Pass());

    private static async ValueTask<string> StartAsync(IHypervisorProvider inner, Guid machine, ValueTask<string> registered)
    {
        var id = await registered;
        await inner.StartAsync(machine, null, CancellationToken.None);
        return id;
    }

    private static async ValueTask<ISnapshot> RememberAsync(ValueTask<ISnapshot> taken, Dictionary<string, ChangeToken> last)
    {
        var snapshot = await taken;

        // The one before this: captured or not.
        foreach (var disk in snapshot.Disks)
        {
            var name = $"{snapshot.Machine}/{disk.Definition.Id}";
            if (last.Remove($"next {name}", out var before))
            {
                last[name] = before;
            }

            if (disk.ChangeToken is { } token)
            {
                last[$"next {name}"] = token;
            }
        }

        return snapshot;
    }

    private static async ValueTask<ITargetDisk> LosingAsync(ValueTask<ITargetDisk> opened)
    {
        var writes = 0;
        return Intercept<ITargetDisk>.Of(await opened, call => call.Member == "Write" && ++writes % 5 == 1 ? ValueTask.CompletedTask : call.Pass());
    }
}

/// <summary>What the simulated hypervisor can do.</summary>
internal interface ITrackedHypervisor : IHypervisorProvider, IChangedBlockTracker, IGuestAgent;
