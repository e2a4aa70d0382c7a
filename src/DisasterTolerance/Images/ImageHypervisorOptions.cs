namespace DisasterTolerance.Images;

/// <summary>How the built-in source of disk-image machines works. Read once, when the provider is opened.</summary>
public sealed class ImageHypervisorOptions
{
    /// <summary>
    /// The folder that holds one folder per machine, each with a <c>machine.json</c>. Absolute or relative to the working directory; created if it is absent when the
    /// provider is opened. A folder that vanishes later (a lost mount) is an error, never "no machines".
    /// </summary>
    public required string Path { get; set; }

    /// <summary>The host names that a start may name. Starting on any other host is <see cref="ErrorCode.HostNotFound"/>. Default: none.</summary>
    public IReadOnlyList<string> Hosts { get; set; } = [];
}
