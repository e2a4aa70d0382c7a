using System.Text.Json;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Store.Local;

namespace DisasterTolerance.Images;

/// <summary>
/// The clones of one machine: <c>.snapshots/(id)/</c> holds <c>snapshot.json</c> and one numbered file per disk. A folder that is being made or removed is named
/// <c>(id).part</c>, so a snapshot is there whole or not at all.
/// </summary>
internal sealed class CloneFolder(MachineRecord machine)
{
    private const string Part = ".part";
    private const string Document = "snapshot.json";

    private readonly string _root = Path.Combine(machine.Folder, ".snapshots");

    public IEnumerable<string> List() => !Directory.Exists(_root)
        ? []
        : Directory.EnumerateDirectories(_root).Select(path => Path.GetFileName(path)).Where(SnapshotRequest.IsValidId);

    public bool Contains(string id) => Directory.Exists(Path.Combine(_root, id));

    /// <summary>Clones all files, then makes the snapshot visible. False, and nothing left, if they cannot be cloned.</summary>
    /// <param name="id">The snapshot's id.</param>
    /// <param name="files">The disks in the machine's order.</param>
    /// <param name="describe">Given the clones when all are there: what to keep with them.</param>
    /// <param name="cancellationToken">Ends the call; nothing is left.</param>
    public async ValueTask<bool> TryCreateAsync(
        string id,
        IReadOnlyList<ImageFile> files,
        Func<IReadOnlyList<ImageFile>, SnapshotDocument> describe,
        CancellationToken cancellationToken)
    {
        RemoveParts();
        string part = Path.Combine(_root, id + Part);
        Directory.CreateDirectory(part);
        bool done = false;
        try
        {
            var clones = new List<ImageFile>(files.Count);
            try
            {
                for (int index = 0; index < files.Count; index++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    clones.Add(ImageFile.Create(PathOf(part, index)));
                    if (!files[index].TryCloneTo(clones[index]))
                    {
                        return false;
                    }
                }

                SnapshotDocument document = describe(clones);
                foreach (ImageFile clone in clones)
                {
                    clone.Sync();
                }

                await MachineFile.ReplaceAsync(Path.Combine(part, Document), document, ImageJson.Readable.SnapshotDocument, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                clones.ForEach(clone => clone.Dispose());
            }

            Directory.Move(part, Path.Combine(_root, id));
            DurableFile.DemandDirectory(_root);
            done = true;
            return true;
        }
        finally
        {
            if (!done)
            {
                Directory.Delete(part, recursive: true);
                RemoveIfEmpty();
            }
        }
    }

    /// <summary>What was kept with the clones, and their paths in the order of its disks.</summary>
    public (SnapshotDocument Document, IReadOnlyList<string> Paths) Read(string id)
    {
        string folder = Path.Combine(_root, id);
        string path = Path.Combine(folder, Document);
        try
        {
            SnapshotDocument document = JsonSerializer.Deserialize(File.ReadAllBytes(path), ImageJson.Default.SnapshotDocument)
                ?? throw new JsonException("It holds null.");
            return (document, [.. document.Definition.Disks.Select((_, index) => PathOf(folder, index))]);
        }
        catch (Exception error) when (error is JsonException || ImageErrors.IsFileError(error))
        {
            throw new HypervisorException(
                ErrorCode.HypervisorFailed,
                machine.Uuid,
                $"The snapshot '{id}' of machine {machine.Uuid:D} cannot be read from '{path}': {error.Message} Release it and take another one.",
                innerException: error);
        }
    }

    public void Remove(string id)
    {
        string folder = Path.Combine(_root, id);
        if (Directory.Exists(folder))
        {
            RemoveParts();
            Directory.Move(folder, folder + Part);
        }

        RemoveParts();
        RemoveIfEmpty();
    }

    public void RemoveAll()
    {
        if (Directory.Exists(_root))
        {
            Directory.Delete(_root, recursive: true);
        }
    }

    private static string PathOf(string folder, int index) => Path.Combine(folder, $"{index}.raw");

    private void RemoveParts()
    {
        if (Directory.Exists(_root))
        {
            foreach (string path in Directory.EnumerateDirectories(_root, "*" + Part))
            {
                Directory.Delete(path, recursive: true);
            }
        }
    }

    private void RemoveIfEmpty()
    {
        if (Directory.Exists(_root) && !Directory.EnumerateFileSystemEntries(_root).Any())
        {
            Directory.Delete(_root);
        }
    }
}
