namespace DisasterTolerance.Links;

/// <summary>What this site says about itself in every handshake.</summary>
/// <param name="StoreId">The store that receives from peers; empty if there is none yet.</param>
/// <param name="StoreGeneration">Its generation.</param>
/// <param name="CatalogId">The catalog of the site; empty if there is none yet.</param>
internal sealed record LocalFacts(Guid StoreId, long StoreGeneration, Guid CatalogId);
