namespace DisasterTolerance.Compression;

/// <summary>Whether new records are compressed. Reading takes both kinds in any case.</summary>
internal enum CompressionMode
{
    Off = 0,
    On = 1,
}
