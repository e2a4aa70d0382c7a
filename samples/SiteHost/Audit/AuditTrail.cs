using DisasterTolerance.Catalog;

namespace DisasterTolerance.SiteHost.Audit;

/// <summary>Writes a line for every entry that the audit log gets while this host runs. The log itself, with its chain of hashes, is in the catalog.</summary>
internal sealed class AuditTrail(IStateReader state, ILogger<AuditTrail> logger) : BackgroundService
{
    private const int PageLength = 500;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private long _shown;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // Before anybody can ask for anything, so that no entry is missed.
        _shown = await AuditEnd.FindAsync(async after => (await state.ReadAuditAsync(after, 1, cancellationToken)).Count > 0);
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await ShowAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await ShowAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left is shown by the stop.
        }
    }

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await state.ReadAuditAsync(_shown, PageLength, cancellationToken) is { Count: > 0 } entries)
            {
                foreach (var entry in entries)
                {
                    Show(entry);
                    _shown = entry.Sequence;
                }
            }
        }
        catch (DisasterToleranceException error)
        {
            Log.AuditUnreadable(logger, error);
        }
    }

    private void Show(AuditEntry entry) => Log.Audit(
        logger,
        entry.Sequence,
        OneLine(entry.Actor),
        OneLine(entry.Action),
        OneLine(entry.Target),
        entry.Outcome == ErrorCode.None ? "done" : $"refused with {(int)entry.Outcome} {entry.Outcome}",
        OneLine(entry.Detail));

    /// <summary>Names come from callers and peers, and none of them may write a line of its own.</summary>
    private static string OneLine(string text) =>
        string.Create(text.Length, text, static (line, from) =>
        {
            for (var i = 0; i < line.Length; i++)
            {
                line[i] = char.IsControl(from[i]) || from[i] is '\u2028' or '\u2029' ? ' ' : from[i];
            }
        });
}
