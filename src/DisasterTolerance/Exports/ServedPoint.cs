namespace DisasterTolerance.Exports;

/// <summary>A point that is served, and everything that has to be undone at its end, the newest first.</summary>
internal sealed class ServedPoint(Guid point, string name) : IServedPoint
{
    private readonly Stack<Func<ValueTask>> _undo = new();
    private readonly List<ServedPointDisk> _disks = [];
    private readonly Lock _gate = new();
    private Task? _ending;

    public Guid Point => point;

    public string PointName => name;

    public IReadOnlyList<ServedPointDisk> Disks => _disks;

    public void Add(ServedPointDisk disk) => _disks.Add(disk);

    /// <summary>Says what to undo at the end. Before the point is given out only.</summary>
    public void AtEnd(Func<ValueTask> step) => _undo.Push(step);

    public void AtEnd(IDisposable holding) => AtEnd(() =>
    {
        holding.Dispose();
        return ValueTask.CompletedTask;
    });

    public async ValueTask DisposeAsync()
    {
        Task ending;
        lock (_gate)
        {
            ending = _ending ??= EndAsync();
        }

        await ending.ConfigureAwait(false);
    }

    private async Task EndAsync()
    {
        List<DisasterToleranceException> failures = [];
        while (_undo.TryPop(out var step))
        {
            try
            {
                await step().ConfigureAwait(false);
            }
            catch (DisasterToleranceException failure)
            {
                // What is left to undo is undone all the same.
                failures.Add(failure);
            }
        }

        if (failures.Count > 0)
        {
            throw new DisasterToleranceException(
                failures[0].Code, $"Point {name} is not served any more, but not everything of it could be ended: {string.Join(" ", failures.Select(failure => failure.Message))}", innerException: failures[0]);
        }
    }
}
