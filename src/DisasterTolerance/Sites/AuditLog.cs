using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sites;

/// <summary>Writes who asked for what, with which outcome. Thread-safe.</summary>
internal sealed class AuditLog(SiteContext site)
{
    /// <summary>An entry to be committed together with the change that it is about.</summary>
    public CatalogChange Entry(string actor, string action, string target, string detail, ErrorCode outcome = ErrorCode.None) =>
        new CatalogChange.AppendAudit(new AuditEntry(0, site.Now, actor, action, target, outcome, detail, ""));

    /// <summary>Runs a change and writes its outcome, also if it fails.</summary>
    public async ValueTask<T> RecordAsync<T>(string actor, string action, string target, Func<ValueTask<T>> change, Func<T, string> detail)
    {
        try
        {
            var result = await change().ConfigureAwait(false);
            await AppendAsync(Entry(actor, action, target, detail(result))).ConfigureAwait(false);
            return result;
        }
        catch (Exception e) when (e is DisasterToleranceException or OperationCanceledException)
        {
            var code = e is DisasterToleranceException d ? d.Code : ErrorCode.Cancelled;
            await AppendAsync(Entry(actor, action, target, e.Message, code)).ConfigureAwait(false);
            throw;
        }
    }

    // The entry belongs to work that is done already, so nobody's cancellation may lose it.
    private async ValueTask AppendAsync(CatalogChange entry) =>
        await site.Catalog.CommitAsync(new CatalogBatch().Add(entry), CancellationToken.None).ConfigureAwait(false);
}
