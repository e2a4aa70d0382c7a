namespace DisasterTolerance.Store.Local;

/// <summary>
/// Blobs as files. A blob's file ends in a mark that no name can hold, so that the blobs <c>a</c> and <c>a/b</c> can both exist and nothing else in the directory
/// is taken for a blob. Pure but for <see cref="Root"/>.
/// </summary>
internal sealed class LocalPaths(string root)
{
    public const string SealedMark = "@blob";
    public const string OpenMark = "@open";
    public const string PartMark = "@part";
    public const string LockName = "@lock";
    public const string OwnerName = "@owner";

    public string Root { get; } = System.IO.Path.GetFullPath(root);

    public string Sealed(string name) => PathOf(name, SealedMark);

    public string Open(string name) => PathOf(name, OpenMark);

    public string Part(string name) => PathOf(name, PartMark);

    /// <summary>The blob's name of a file with a mark, or null if the file has another one.</summary>
    public string? NameOf(string path, string mark)
    {
        if (!path.EndsWith(mark, StringComparison.Ordinal))
        {
            return null;
        }

        var relative = System.IO.Path.GetRelativePath(Root, path)[..^mark.Length];
        return System.IO.Path.DirectorySeparatorChar == '/' ? relative : relative.Replace(System.IO.Path.DirectorySeparatorChar, '/');
    }

    private string PathOf(string name, string mark)
    {
        BlobNames.Check(name);
        return System.IO.Path.Combine(Root, name + mark);
    }
}
