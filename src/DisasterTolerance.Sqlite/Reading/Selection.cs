namespace DisasterTolerance.Sqlite.Reading;

/// <summary>
/// Which rows of a table a query asks for, and by which index they are found in order. The index is named in the statement, so the plan never depends on statistics, and a statement that its
/// index cannot serve fails instead of being slow. Immutable.
/// </summary>
internal sealed class Selection
{
    private readonly List<string> _conditions = [];
    private readonly List<(string Name, object Value)> _parameters = [];
    private readonly string _table;
    private readonly string _order;
    private readonly string? _index;

    /// <param name="table">The table.</param>
    /// <param name="index">The index that gives the order; null if a condition names the rows, which are few and then sorted.</param>
    /// <param name="order">The order.</param>
    public Selection(string table, string? index, string order) => (_table, _index, _order) = (table, index, order);

    /// <summary>Values of the parameters, but for <c>$skip</c> and <c>$take</c>.</summary>
    public IReadOnlyList<(string Name, object Value)> Parameters => _parameters;

    /// <summary>Counts the rows.</summary>
    public string CountSql => "SELECT count(*)" + From;

    /// <summary>Reads a page of rows, in order.</summary>
    public string PageSql => "SELECT body" + From + " ORDER BY " + _order + " LIMIT $take OFFSET $skip";

    private string From => " FROM " + _table + (_index is null ? " NOT INDEXED" : " INDEXED BY " + _index) + (_conditions.Count == 0 ? "" : " WHERE " + string.Join(" AND ", _conditions));

    /// <summary>Keeps only rows that meet a condition.</summary>
    public void Where(string condition, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        _conditions.Add(condition);
        _parameters.AddRange(parameters);
    }
}
