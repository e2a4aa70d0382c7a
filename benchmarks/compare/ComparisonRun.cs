using System.Globalization;
using DisasterTolerance.Compare.Product;
using DisasterTolerance.Compare.Subjects;

namespace DisasterTolerance.Compare;

/// <summary>Rounds; in each of them every subject goes through the rows, one subject after the other. Every restored disk is compared byte for byte.</summary>
internal sealed class ComparisonRun(CommandOptions options, LiveDisk disk, IReadOnlyList<SubjectKind> kinds, Action<string> say)
{
    // Two stores, a restored disk, and what the processes need.
    private const int MemoryPerDisk = 3;

    public List<Measurement> Measurements { get; } = [];

    public List<string> Failures { get; } = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var round = 1; round <= options.Rounds; round++)
        {
            foreach (var kind in kinds)
            {
                say(string.Create(CultureInfo.InvariantCulture, $"Round {round} of {options.Rounds}: {kind.Name}"));
                try
                {
                    await RunAsync(kind, cancellationToken);
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    // One subject that fails must not cost the figures of the others.
                    Failures.Add($"{kind.Name}: {error.Message}");
                    say($"  FAILED: {error}");
                    disk.Reset();
                }
            }
        }
    }

    private async Task RunAsync(SubjectKind kind, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(Path.Combine(options.Work, "subject"));
        WarmMemory.Touch(folder.FullName, MemoryPerDisk * disk.Facts.DataBytes);
        await using var processes = new ProcessGroup(ControlGroup.TryCreate($"disaster-tolerance-compare-{Environment.ProcessId}", out _));
        var subject = kind.Open(new SubjectSetting(folder.FullName, disk, processes));
        try
        {
            disk.SetFor(Row.First);
            await subject.PrepareAsync(cancellationToken);
            foreach (var row in kind.Rows.Where(row => IsNeeded(kind, row)))
            {
                disk.SetFor(row);
                await subject.BetweenAsync(row, cancellationToken);
                var store = subject.StoreBytes();
                var measurement = await new Meter(processes).MeasureAsync(kind.Name, row, () => options.Profile
                    ? Profile.RecordAsync(Profile.PathOf(options.Out, kind.Name, row), () => subject.RunAsync(row, cancellationToken))
                    : subject.RunAsync(row, cancellationToken));
                if (kind.Ships && subject is ProductSubject product && row <= Row.Day)
                {
                    await product.ReadPartsAsync(cancellationToken);
                }

                measurement = measurement with
                {
                    WireBytes = kind.Ships ? measurement.WireBytes : null,
                    StoreBytes = row <= Row.Day ? subject.StoreBytes() - store : null,
                    Parts = subject.Parts,
                };
                Check(subject, row);
                Measurements.Add(measurement);
                Tell(measurement);
            }
        }
        finally
        {
            await subject.DisposeAsync();
            await processes.DisposeAsync();
            folder.Delete(true);
        }
    }

    // Later rows start from where earlier ones ended, so only what lies behind the last wanted one can be left out.
    private bool IsNeeded(SubjectKind kind, Row row) => row <= options.Rows.Max() && (row < Row.Differential || options.Rows.Contains(row)) && kind.Rows.Contains(row);

    private void Check(ISubject subject, Row row)
    {
        if (row == Row.Differential)
        {
            disk.DemandRestored();
        }
        else if (row == Row.Restore)
        {
            DiskImage.DemandSame(disk.Path, subject.RestoredPath);
            File.Delete(subject.RestoredPath);
        }
    }

    private void Tell(Measurement measurement) => say(string.Create(
        CultureInfo.InvariantCulture,
        $"  {measurement.Row,-12} {measurement.Seconds,7:0.00} s  {measurement.ProcessorSeconds,7:0.00} s CPU  {measurement.PeakBytes / 1e6,6:0} MB peak  others {measurement.OtherShare,4:P0}  wire {measurement.WireBytes / 1e6,9:0.000} MB  store {measurement.StoreBytes / 1e6,9:0.000} MB  {string.Join(", ", measurement.Parts.Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Key} {part.Value:0.00} s")))}"));
}
