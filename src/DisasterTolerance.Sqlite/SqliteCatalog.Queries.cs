using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using DisasterTolerance.Catalog;
using DisasterTolerance.Sqlite.Reading;

namespace DisasterTolerance.Sqlite;

internal sealed partial class SqliteCatalog
{
    private const int ListingPage = 1000;

    public ValueTask<string?> FindSettingAsync(string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        return ReadAsync(reader => (string?)reader.Value(Statements.Setting, ("$name", name)), cancellationToken);
    }

    public ValueTask<PlanRow?> FindPlanAsync(Guid plan, CancellationToken cancellationToken) =>
        ReadAsync(reader => reader.Row(Statements.Plan, RowJson.Default.PlanRow, ("$uuid", ColumnValues.Of(plan))), cancellationToken);

    public ValueTask<CatalogPage<PlanRow>> QueryPlansAsync(PlanQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return PageAsync(PlanSelection.Of(query), RowJson.Default.PlanRow, query.Skip, query.Take, cancellationToken);
    }

    public ValueTask<MachineRow?> FindMachineAsync(Guid machine, CancellationToken cancellationToken) =>
        ReadAsync(reader => reader.Row(Statements.Machine, RowJson.Default.MachineRow, ("$uuid", ColumnValues.Of(machine))), cancellationToken);

    public async ValueTask<IReadOnlyList<MachineRow>> FindMachinesByAnyUuidAsync(Guid uuid, CancellationToken cancellationToken)
    {
        var query = new MachineQuery { Uuids = [uuid], IncludeRemoved = true, Take = int.MaxValue };
        return (await QueryMachinesAsync(query, cancellationToken).ConfigureAwait(false)).Items;
    }

    public ValueTask<CatalogPage<MachineRow>> QueryMachinesAsync(MachineQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return PageAsync(MachineSelection.Of(query), RowJson.Default.MachineRow, query.Skip, query.Take, cancellationToken);
    }

    public ValueTask<IReadOnlyList<PlanWithMachines>> FindPlansWithMachinesAsync(IReadOnlyList<Guid> plans, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plans);
        return ReadAsync<IReadOnlyList<PlanWithMachines>>(
            reader =>
            {
                var found = new List<PlanWithMachines>();
                foreach (var uuid in plans.Distinct())
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (reader.Row(Statements.Plan, RowJson.Default.PlanRow, ("$uuid", ColumnValues.Of(uuid))) is { } plan)
                    {
                        found.Add(new PlanWithMachines(plan, reader.Rows(Statements.MachinesOfPlan, RowJson.Default.MachineRow, ("$plan", ColumnValues.Of(uuid)))));
                    }
                }

                return found;
            },
            cancellationToken);
    }

    public ValueTask<IReadOnlyList<MachineRow>> ListDueMachinesAsync(DateTimeOffset until, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return ListAsync(Statements.DueMachines, RowJson.Default.MachineRow, cancellationToken, ("$until", ColumnValues.Of(until)), ("$limit", limit));
    }

    public ValueTask<DateTimeOffset?> FindNextDueAsync(CancellationToken cancellationToken) =>
        ReadAsync<DateTimeOffset?>(reader => reader.Value(Statements.NextDue) is long due ? DateTimeOffset.FromUnixTimeMilliseconds(due) : null, cancellationToken);

    public ValueTask<PointRow?> FindPointAsync(Guid point, Guid site, CancellationToken cancellationToken) =>
        ReadAsync(reader => reader.Row(Statements.Point, RowJson.Default.PointRow, ("$uuid", ColumnValues.Of(point)), ("$site", ColumnValues.Of(site))), cancellationToken);

    public ValueTask<CatalogPage<PointRow>> QueryPointsAsync(PointQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return PageAsync(PointSelection.Of(query), RowJson.Default.PointRow, query.Skip, query.Take, cancellationToken);
    }

    public ValueTask<IReadOnlyList<PointRow>> FindNewestPointsAsync(Guid site, IReadOnlyList<Guid> machines, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(machines);
        return ListEachAsync(Statements.NewestPoint, RowJson.Default.PointRow, "$machine", machines, cancellationToken, ("$site", ColumnValues.Of(site)));
    }

    public async IAsyncEnumerable<PointRow> ReadPointsAsync(Guid site, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A row keeps its number for life, so going on after a number neither misses nor repeats a row, and no snapshot has to stay open meanwhile.
        for (var after = 0L; ;)
        {
            var page = await ReadAsync(
                reader => reader.NumberedRows(Statements.Points, RowJson.Default.PointRow, ("$after", after), ("$site", ColumnValues.Of(site)), ("$limit", ListingPage)),
                cancellationToken).ConfigureAwait(false);
            foreach (var (number, point) in page)
            {
                after = number;
                yield return point;
            }

            if (page.Count < ListingPage)
            {
                yield break;
            }
        }
    }

    public ValueTask<IReadOnlyList<LinkRow>> ListLinksAsync(CancellationToken cancellationToken) => ListAsync(Statements.Links, RowJson.Default.LinkRow, cancellationToken);

    public ValueTask<SessionRow?> FindSessionAsync(Guid session, CancellationToken cancellationToken) =>
        ReadAsync(reader => reader.Row(Statements.Session, RowJson.Default.SessionRow, ("$uuid", ColumnValues.Of(session))), cancellationToken);

    public ValueTask<IReadOnlyList<SessionRow>> ListSessionsAsync(CancellationToken cancellationToken) =>
        ListAsync(Statements.Sessions, RowJson.Default.SessionRow, cancellationToken);

    public ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(Guid machine, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return ListAsync(Statements.Runs, RowJson.Default.RunRow, cancellationToken, ("$machine", ColumnValues.Of(machine)), ("$limit", limit));
    }

    public ValueTask<IReadOnlyList<AuditEntry>> ReadAuditAsync(long after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return ListAsync(Statements.Audit, RowJson.Default.AuditEntry, cancellationToken, ("$after", after), ("$limit", limit));
    }

    private ValueTask<IReadOnlyList<T>> ListAsync<T>(string sql, JsonTypeInfo<T> type, CancellationToken cancellationToken, params (string Name, object Value)[] parameters) =>
        ReadAsync<IReadOnlyList<T>>(reader => reader.Rows(sql, type, parameters), cancellationToken);

    // A statement for each uuid, all in one snapshot: each is a search by index, and together they cost one turn of a connection.
    private ValueTask<IReadOnlyList<T>> ListEachAsync<T>(
        string sql, JsonTypeInfo<T> type, string parameter, IReadOnlyList<Guid> uuids, CancellationToken cancellationToken, params (string Name, object Value)[] parameters) =>
        ReadAsync<IReadOnlyList<T>>(
            reader =>
            {
                var rows = new List<T>();
                foreach (var uuid in uuids.Distinct())
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    rows.AddRange(reader.Rows(sql, type, [(parameter, ColumnValues.Of(uuid)), .. parameters]));
                }

                return rows;
            },
            cancellationToken);

    private ValueTask<CatalogPage<T>> PageAsync<T>(Selection selection, JsonTypeInfo<T> type, int skip, int take, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(skip);
        ArgumentOutOfRangeException.ThrowIfNegative(take);
        return ReadAsync(reader => Page(reader, selection, type, skip, take), cancellationToken);
    }

    private static CatalogPage<T> Page<T>(CatalogConnection reader, Selection selection, JsonTypeInfo<T> type, int skip, int take)
    {
        List<T> items = take == 0 ? [] : reader.Rows(selection.PageSql, type, [.. selection.Parameters, ("$skip", skip), ("$take", take)]);

        // The last page says how many there are; only other pages have to be counted.
        var counted = items.Count < take && (items.Count > 0 || skip == 0);
        return new CatalogPage<T>(items, counted ? (long)skip + items.Count : (long)reader.Value(selection.CountSql, [.. selection.Parameters])!);
    }
}
