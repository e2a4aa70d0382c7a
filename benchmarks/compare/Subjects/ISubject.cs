namespace DisasterTolerance.Compare.Subjects;

/// <summary>A program, or several, that can do some of the rows. Lives for one round; its stores go with it.</summary>
internal interface ISubject : IAsyncDisposable
{
    /// <summary>Makes what has to be there before the first row.</summary>
    Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Does a row. What it needs between two rows is done in <see cref="BetweenAsync"/>.</summary>
    Task RunAsync(Row row, CancellationToken cancellationToken);

    /// <summary>What does not count, before a row.</summary>
    Task BetweenAsync(Row row, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The bytes of all files of the store; that of the receiving end if there are two.</summary>
    long StoreBytes();

    /// <summary>Where <see cref="Row.Restore"/> writes its raw image.</summary>
    string RestoredPath { get; }

    /// <summary>Seconds of parts of the last row that the subject itself tells.</summary>
    IReadOnlyDictionary<string, double> Parts => new Dictionary<string, double>();
}

/// <summary>What a subject works with.</summary>
internal sealed record SubjectSetting(string Folder, LiveDisk Disk, ProcessGroup Processes);

/// <summary>A subject by name.</summary>
/// <param name="Name">As the table has it.</param>
/// <param name="Ships">Whether it goes to a second process: wire bytes count, and it stands in the rows that ship.</param>
/// <param name="Rows">What it can do.</param>
/// <param name="Tools">Programs that have to be there, with their packages.</param>
/// <param name="Open">Makes it.</param>
internal sealed record SubjectKind(string Name, bool Ships, IReadOnlyList<Row> Rows, IReadOnlyDictionary<string, string> Tools, Func<SubjectSetting, ISubject> Open)
{
    public IEnumerable<string> MissingPackages => Tools.Where(tool => !Programs.Exists(tool.Key)).Select(tool => tool.Value);
}
