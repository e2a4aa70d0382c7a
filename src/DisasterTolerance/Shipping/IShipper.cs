namespace DisasterTolerance.Shipping;

/// <summary>Brings the points that the other site lacks into its store. Thread-safe; one ship per machine at a time, a second caller waits for the first.</summary>
internal interface IShipper
{
    /// <summary>Ships the newest point that the peer lacks, then the older ones that retention would keep.</summary>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="onlyNewest">Whether to stop after the newest.</param>
    /// <param name="cancellationToken">Ends the shipping; the session is taken up again later.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.PeerUnreachable"/>, <see cref="ErrorCode.LinkLost"/>, <see cref="ErrorCode.PeerRefused"/>, …</exception>
    ValueTask<ShipReport> ShipAsync(Guid machine, bool onlyNewest, CancellationToken cancellationToken);
}

/// <summary>What a ship did. Sizes in bytes. Immutable.</summary>
internal sealed record ShipReport(int Points, long Chunks, long WireBytes, TimeSpan Elapsed);
