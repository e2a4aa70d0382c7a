namespace DisasterTolerance.Nbd;

/// <summary>The block sizes of an export, in bytes.</summary>
/// <param name="Minimum">Offsets and lengths are multiples of it; a power of two from 1 to 65,536.</param>
/// <param name="Preferred">The smallest size that is efficient; a power of two, at least 512 and at least <paramref name="Minimum"/>.</param>
/// <param name="Maximum">The largest payload of one read or write; a multiple of <paramref name="Minimum"/>, at least <paramref name="Preferred"/>.</param>
public readonly record struct NbdBlockSizes(int Minimum, int Preferred, int Maximum)
{
    /// <summary>Any alignment, 4 KiB preferred, 32 MiB at the most: what the protocol assumes when nothing was said.</summary>
    public static NbdBlockSizes Default { get; } = new(1, 4096, 32 << 20);

    internal bool IsValid =>
        Minimum is >= 1 and <= 65_536 && int.IsPow2(Minimum)
        && Preferred >= Math.Max(512, Minimum) && int.IsPow2(Preferred)
        && Maximum >= Preferred && Maximum % Minimum == 0;
}
