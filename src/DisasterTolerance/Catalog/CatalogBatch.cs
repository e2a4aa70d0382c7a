namespace DisasterTolerance.Catalog;

/// <summary>
/// Changes that are committed together or not at all. Collected by one caller; not thread-safe. Every put of a row with a <c>RowVersion</c> demands that the stored row still has that version
/// (0: that there is none) and stores the row with the version plus one.
/// </summary>
public sealed class CatalogBatch
{
    private readonly List<CatalogChange> _changes = [];

    /// <summary>The changes in the order they were added.</summary>
    public IReadOnlyList<CatalogChange> Changes => _changes;

    /// <summary>Adds a change.</summary>
    /// <param name="change">The change.</param>
    /// <returns>This batch.</returns>
    /// <exception cref="ArgumentException">The name of a setting is empty or longer than 64 characters.</exception>
    public CatalogBatch Add(CatalogChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (change is CatalogChange.PutSetting { Name: not { Length: >= 1 and <= 64 } })
        {
            throw new ArgumentException("The name of a setting has 1 to 64 characters.", nameof(change));
        }

        _changes.Add(change);
        return this;
    }
}

/// <summary>One change of a catalog. Immutable.</summary>
public abstract record CatalogChange
{
    private protected CatalogChange()
    {
    }

    /// <summary>Stores a plan.</summary>
    /// <param name="Row">The row.</param>
    public sealed record PutPlan(PlanRow Row) : CatalogChange;

    /// <summary>Forgets a plan. Its machines stay, and are listed as those of a deleted plan are. None of that uuid: no error.</summary>
    /// <param name="Plan">Its uuid.</param>
    public sealed record DeletePlan(Guid Plan) : CatalogChange;

    /// <summary>Stores a machine.</summary>
    /// <param name="Row">The row.</param>
    public sealed record PutMachine(MachineRow Row) : CatalogChange;

    /// <summary>Forgets a machine, its points' rows of both sites and its runs. None of that uuid: its points and runs are forgotten all the same.</summary>
    /// <param name="Machine">Uuid of the protected object.</param>
    public sealed record DeleteMachine(Guid Machine) : CatalogChange;

    /// <summary>Stores a point of one site.</summary>
    /// <param name="Row">The row.</param>
    public sealed record PutPoint(PointRow Row) : CatalogChange;

    /// <summary>Forgets a point of one site. None: no error.</summary>
    /// <param name="Point">The point's uuid.</param>
    /// <param name="Site">The site whose row goes.</param>
    public sealed record DeletePoint(Guid Point, Guid Site) : CatalogChange;

    /// <summary>Stores a link.</summary>
    /// <param name="Row">The row.</param>
    public sealed record PutLink(LinkRow Row) : CatalogChange;

    /// <summary>Stores a receive session.</summary>
    /// <param name="Row">The row.</param>
    public sealed record PutSession(SessionRow Row) : CatalogChange;

    /// <summary>Ends a receive session. None of that id: no error.</summary>
    /// <param name="Session">Its id.</param>
    public sealed record DeleteSession(Guid Session) : CatalogChange;

    /// <summary>
    /// Stores a finished run. The same uuid again replaces it. Of each machine the newest <see cref="RunRow.KeptPerMachine"/> runs stay (in the order that
    /// <see cref="ICatalog.ListRunsAsync"/> lists them), older ones are forgotten.
    /// </summary>
    /// <param name="Row">The row.</param>
    public sealed record PutRun(RunRow Row) : CatalogChange;

    /// <summary>Appends an audit entry; sequence and hash are the catalog's to give (by <see cref="AuditChain"/>).</summary>
    /// <param name="Entry">The entry; its sequence and hash are ignored.</param>
    public sealed record AppendAudit(AuditEntry Entry) : CatalogChange;

    /// <summary>Stores a small text of the site under a name.</summary>
    /// <param name="Name">1 to 64 characters.</param>
    /// <param name="Value">The text; null forgets it.</param>
    public sealed record PutSetting(string Name, string? Value) : CatalogChange;
}
