namespace DisasterTolerance.QuickStart;

/// <summary>The directory that holds everything the demonstration makes. Disposing removes it unless it is to stay.</summary>
internal sealed class Workspace : IDisposable
{
    private readonly bool _keep;

    private Workspace(string path, bool keep)
    {
        Root = path;
        _keep = keep;
    }

    public string Root { get; }

    public static Workspace Create(string? path, bool keep)
    {
        if (path is null)
        {
            return new Workspace(Directory.CreateTempSubdirectory("disaster-tolerance-").FullName, keep);
        }

        // A directory with something in it would be removed at the end.
        if (Path.Exists(path))
        {
            throw new StoryException($"'{path}' exists already. Name a directory that does not.");
        }

        Directory.CreateDirectory(path);
        return new Workspace(path, keep);
    }

    public string Folder(params ReadOnlySpan<string> parts) => Directory.CreateDirectory(Path.Combine([Root, .. parts])).FullName;

    public void Dispose()
    {
        if (!_keep)
        {
            Directory.Delete(Root, recursive: true);
        }
    }
}
