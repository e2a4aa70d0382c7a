using DisasterTolerance.Catalog;

namespace DisasterTolerance.Testing.Catalog;

/// <summary>
/// What survives when the process of an <see cref="InMemoryCatalog"/> ends: the counterpart of a database file. A catalog that is made on it later finds every commit that was applied.
/// Thread-safe.
/// </summary>
public sealed class InMemoryCatalogFile
{
    private readonly Lock _lock = new();
    private CatalogImage? _image;
    private InMemoryCatalog? _owner;

    /// <summary>Makes an empty file: the first opening creates the catalog.</summary>
    public InMemoryCatalogFile()
    {
    }

    private InMemoryCatalogFile(CatalogImage? image) => _image = image;

    /// <summary>Number of the last commit; 0 if there is none.</summary>
    public long Sequence
    {
        get
        {
            lock (_lock)
            {
                return _image?.Sequence ?? 0;
            }
        }
    }

    /// <summary>A copy as it is now, like a copy of the file. May be taken while a catalog uses it.</summary>
    public InMemoryCatalogFile Fork()
    {
        lock (_lock)
        {
            return new InMemoryCatalogFile(_image);
        }
    }

    /// <summary>Puts the content of a copy in the place of this one's: a site that is started on it sees yesterday's catalog.</summary>
    /// <param name="copy">The copy, which stays as it is.</param>
    /// <exception cref="InvalidOperationException">A catalog uses this file.</exception>
    public void RestoreFrom(InMemoryCatalogFile copy)
    {
        ArgumentNullException.ThrowIfNull(copy);
        var image = copy.Fork()._image;
        lock (_lock)
        {
            _image = _owner is null ? image : throw new InvalidOperationException("A catalog uses this file: dispose of it or let it crash first.");
        }
    }

    internal CatalogState Open(InMemoryCatalog catalog, IIdSource ids)
    {
        lock (_lock)
        {
            if (_owner is not null)
            {
                throw new DisasterToleranceException(ErrorCode.StoreInUse, "The in-memory catalog file is in use by another catalog. Dispose of that one, or let it crash, first.", isTransient: true);
            }

            var created = _image is null;
            _image ??= new CatalogImage(ids.NewId());
            _owner = catalog;
            return new CatalogState(_image.Id, _image.Sequence, created);
        }
    }

    /// <summary>What the file holds; null if the catalog does not use it.</summary>
    internal CatalogImage? Read(InMemoryCatalog catalog)
    {
        lock (_lock)
        {
            return _owner == catalog ? _image : null;
        }
    }

    /// <summary>The number of the commit; null if the catalog does not use the file.</summary>
    internal long? Commit(InMemoryCatalog catalog, CatalogBatch batch)
    {
        lock (_lock)
        {
            return _owner == catalog ? (_image = _image!.After(batch)).Sequence : null;
        }
    }

    internal void Release(InMemoryCatalog catalog)
    {
        lock (_lock)
        {
            _owner = _owner == catalog ? null : _owner;
        }
    }
}
