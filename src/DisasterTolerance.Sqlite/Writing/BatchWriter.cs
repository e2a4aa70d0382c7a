using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sqlite.Writing;

/// <summary>Applies changes within the transaction that the caller has begun on the connection.</summary>
internal static class BatchWriter
{
    public static void Apply(CatalogConnection connection, CatalogChange change)
    {
        switch (change)
        {
            case CatalogChange.PutPlan put:
                PlanWrites.Put(connection, put.Row);
                break;
            case CatalogChange.DeletePlan delete:
                PlanWrites.Delete(connection, delete.Plan);
                break;
            case CatalogChange.PutMachine put:
                MachineWrites.Put(connection, put.Row);
                break;
            case CatalogChange.DeleteMachine delete:
                MachineWrites.Delete(connection, delete.Machine);
                break;
            case CatalogChange.PutPoint put:
                PointWrites.Put(connection, put.Row);
                break;
            case CatalogChange.DeletePoint delete:
                PointWrites.Delete(connection, delete.Point, delete.Site);
                break;
            case CatalogChange.PutLink put:
                LinkWrites.Put(connection, put.Row);
                break;
            case CatalogChange.PutSession put:
                SessionWrites.Put(connection, put.Row);
                break;
            case CatalogChange.DeleteSession delete:
                SessionWrites.Delete(connection, delete.Session);
                break;
            case CatalogChange.PutRun put:
                RunWrites.Put(connection, put.Row);
                break;
            case CatalogChange.AppendAudit append:
                AuditWrites.Append(connection, append.Entry);
                break;
            case CatalogChange.PutSetting { Value: { } value } put:
                connection.Execute("INSERT INTO settings (name, value) VALUES ($name, $value) ON CONFLICT (name) DO UPDATE SET value = excluded.value", ("$name", put.Name), ("$value", value));
                break;
            case CatalogChange.PutSetting forget:
                connection.Execute("DELETE FROM settings WHERE name = $name", ("$name", forget.Name));
                break;
            default:
                throw new ArgumentException($"A change of type {change.GetType().Name} is unknown to this catalog.", nameof(change));
        }
    }
}
