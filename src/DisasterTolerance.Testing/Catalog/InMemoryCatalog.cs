using System.Runtime.CompilerServices;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Testing.Catalog;

/// <summary>
/// A catalog in memory with the full semantics of <see cref="ICatalog"/>, for tests that run without a disk. A commit is applied in one instant, so a crash finds it whole or not at all;
/// to fail a commit before it is applied, or to lose its acknowledgement afterwards, put a a fault-injecting decorator around it. Thread-safe.
/// </summary>
/// <param name="file">What survives the catalog.</param>
/// <param name="ids">Gives a new catalog its uuid.</param>
public sealed class InMemoryCatalog(InMemoryCatalogFile file, IIdSource ids) : ICatalog
{
    private int _phase;

    private enum Phase
    {
        New = 0,
        Open = 1,
        Disposed = 2,
        Crashed = 3,
    }

    /// <summary>
    /// Ends the catalog as a killed process would: from now on every call fails with <see cref="ErrorCode.CatalogFailed"/>, and another catalog can be made on the same file at once.
    /// </summary>
    public void Crash()
    {
        Volatile.Write(ref _phase, (int)Phase.Crashed);
        file.Release(this);
    }

    /// <inheritdoc/>
    public ValueTask<CatalogState> OpenAsync(CancellationToken cancellationToken) => Answer(
        () =>
        {
            if ((Phase)Volatile.Read(ref _phase) is Phase.New)
            {
                var state = file.Open(this, ids);
                Volatile.Write(ref _phase, (int)Phase.Open);
                return state;
            }

            throw NotOpen();
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> CommitAsync(CatalogBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return Answer(() => file.Commit(this, batch) ?? throw NotOpen(), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<string?> FindSettingAsync(string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Read(image => image.Settings.GetValueOrDefault(name), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<PlanRow?> FindPlanAsync(Guid plan, CancellationToken cancellationToken) => Read(image => image.Plans.GetValueOrDefault(plan), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CatalogPage<PlanRow>> QueryPlansAsync(PlanQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfNegative(query.Skip);
        ArgumentOutOfRangeException.ThrowIfNegative(query.Take);
        return Read(image => CatalogSearch.Plans(image, query), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<MachineRow?> FindMachineAsync(Guid machine, CancellationToken cancellationToken) =>
        Read(image => image.Machines.GetValueOrDefault(machine), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<MachineRow>> FindMachinesByAnyUuidAsync(Guid uuid, CancellationToken cancellationToken) =>
        Read(image => CatalogSearch.Machines(image, new MachineQuery { Uuids = [uuid], IncludeRemoved = true, Take = int.MaxValue }).Items, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CatalogPage<MachineRow>> QueryMachinesAsync(MachineQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfNegative(query.Skip);
        ArgumentOutOfRangeException.ThrowIfNegative(query.Take);
        return Read(image => CatalogSearch.Machines(image, query), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<PlanWithMachines>> FindPlansWithMachinesAsync(IReadOnlyList<Guid> plans, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plans);
        return Read(image => CatalogSearch.PlansWithMachines(image, plans), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<MachineRow>> ListDueMachinesAsync(DateTimeOffset until, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read(image => CatalogSearch.DueMachines(image, until, limit), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<DateTimeOffset?> FindNextDueAsync(CancellationToken cancellationToken) => Read(CatalogSearch.NextDue, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PointRow?> FindPointAsync(Guid point, Guid site, CancellationToken cancellationToken) =>
        Read(image => image.Points.GetValueOrDefault((point, site)), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<CatalogPage<PointRow>> QueryPointsAsync(PointQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfNegative(query.Skip);
        ArgumentOutOfRangeException.ThrowIfNegative(query.Take);
        return Read(image => CatalogSearch.Points(image, query), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<PointRow>> FindNewestPointsAsync(Guid site, IReadOnlyList<Guid> machines, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(machines);
        return Read(image => CatalogSearch.NewestPoints(image, site, machines), cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<PointRow> ReadPointsAsync(Guid site, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var point in await Read(image => image.Points.Values.Where(point => point.Site == site && point.Removed is null), cancellationToken).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return point;
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LinkRow>> ListLinksAsync(CancellationToken cancellationToken) => Read(CatalogSearch.Links, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SessionRow?> FindSessionAsync(Guid session, CancellationToken cancellationToken) =>
        Read(image => image.Sessions.GetValueOrDefault(session), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SessionRow>> ListSessionsAsync(CancellationToken cancellationToken) => Read(CatalogSearch.Sessions, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(Guid machine, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read<IReadOnlyList<RunRow>>(image => [.. CatalogSearch.NewestFirst(image.Runs.Values, machine).Take(limit)], cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<AuditEntry>> ReadAuditAsync(long after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return Read<IReadOnlyList<AuditEntry>>(image => [.. image.Audit.Where(entry => entry.Sequence > after).Take(limit)], cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Interlocked.CompareExchange(ref _phase, (int)Phase.Disposed, (int)Phase.New);
        Interlocked.CompareExchange(ref _phase, (int)Phase.Disposed, (int)Phase.Open);
        file.Release(this);
        return ValueTask.CompletedTask;
    }

    private ValueTask<T> Read<T>(Func<CatalogImage, T> read, CancellationToken cancellationToken) => Answer(() => read(file.Read(this) ?? throw NotOpen()), cancellationToken);

    private static ValueTask<T> Answer<T>(Func<T> work, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        try
        {
            return ValueTask.FromResult(work());
        }
        catch (Exception cause) when (cause is DisasterToleranceException or InvalidOperationException or ArgumentException)
        {
            return ValueTask.FromException<T>(cause);
        }
    }

    private Exception NotOpen() => (Phase)Volatile.Read(ref _phase) switch
    {
        Phase.Crashed => new DisasterToleranceException(ErrorCode.CatalogFailed, "The in-memory catalog crashed. Make another one on its file."),
        Phase.Disposed => new ObjectDisposedException(nameof(InMemoryCatalog)),
        Phase.Open => new InvalidOperationException("The catalog is open already."),
        _ => new InvalidOperationException("The catalog is not open."),
    };
}
