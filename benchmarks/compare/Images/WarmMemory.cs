namespace DisasterTolerance.Compare.Images;

/// <summary>
/// Memory that a virtual machine touches for the first time, or again after minutes, costs its host's work: 1 GB/s or less. All subjects get memory that was touched just now.
/// </summary>
internal static class WarmMemory
{
    /// <summary>Takes so much memory and gives it back.</summary>
    /// <param name="folder">Where the file that takes it lies for a moment: in memory.</param>
    /// <param name="bytes">How much.</param>
    public static void Touch(string folder, long bytes)
    {
        var path = Path.Combine(folder, "warm");
        using (File.OpenHandle(path, FileMode.Create, FileAccess.Write, preallocationSize: bytes))
        {
        }

        File.Delete(path);
    }
}
