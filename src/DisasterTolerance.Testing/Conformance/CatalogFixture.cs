using DisasterTolerance.Catalog;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>How a catalog is described to <see cref="CatalogConformance"/>: one place that is empty at first. Each case gets a fresh fixture and disposes it afterwards. Not thread-safe.</summary>
public abstract class CatalogFixture : IAsyncDisposable
{
    /// <summary>
    /// Makes a catalog, not opened yet, on the fixture's place. Called again after the former one was disposed of, as a restart of the process does; and while the former one is open, as a
    /// second process does by mistake.
    /// </summary>
    /// <returns>The catalog, which the case disposes.</returns>
    public abstract ICatalog Create();

    /// <summary>Takes everything away that the fixture made.</summary>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
