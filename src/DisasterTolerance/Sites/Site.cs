using DisasterTolerance.InstantBoot;
using DisasterTolerance.Links;
using DisasterTolerance.Recovery;
using DisasterTolerance.Storage;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Sites;

/// <summary>
/// Opens everything in order and closes it in the reverse order: options → catalog → store → doubt → exports of running machines → unfinished work → links → background parts. Started and stopped once.
/// </summary>
internal sealed class Site(
    SiteContext context, SiteSettings settings, Lazy<IStorageProvider> storage, ILinkHostFactory links, CatalogAge age, BootServing boots, IOwnershipMeeting meeting, IEnumerable<IControlPart> controls, IEnumerable<ISitePart> parts)
    : IDisasterToleranceSite, IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _life = new();
    private readonly ILogger _log = context.Logs.CreateLogger<Site>();
    private readonly Stack<Func<CancellationToken, Task>> _undo = new();
    private readonly List<Task> _resuming = [];
    private bool _started;
    private bool _disposed;
    private bool _stopped;

    public Guid Uuid => context.Uuid;

    public IAsyncEnumerable<SiteEvent> ReadEventsAsync(CancellationToken cancellationToken = default) => context.Events.ReadAsync(cancellationToken);

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_started)
            {
                return;
            }

            if (_stopped)
            {
                throw new InvalidOperationException("A site is started once. Build a new service provider to start it again.");
            }

            await OpenAsync(cancellationToken).ConfigureAwait(false);
            _started = true;
            Log.Started(_log, context.Name, context.Uuid, context.Links.LocalAddress ?? "");
        }
        catch
        {
            await UndoAsync(CancellationToken.None).ConfigureAwait(false);
            _stopped = true;
            throw;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (_started && !_stopped)
            {
                _stopped = true;
                await UndoAsync(cancellationToken).ConfigureAwait(false);
                Log.Stopped(_log, context.Name);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A container that knows the site under two service types disposes of it twice.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        await StopAsync(CancellationToken.None).ConfigureAwait(false);
        _life.Dispose();
        _gate.Dispose();
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        var catalog = await context.Catalog.OpenAsync(cancellationToken).ConfigureAwait(false);
        _undo.Push(_ => context.Catalog.DisposeAsync().AsTask());
        var store = await RecordStore.OpenAsync(storage.Value, settings.Store, context.Clock, context.Ids, context.Logs.CreateLogger<RecordStore>(), cancellationToken,
            Path.Combine(settings.Site.DataDirectory, "store.index")).ConfigureAwait(false);
        // A hanging storage must not hang the stop: what is not sealed then is taken up by the next start.
        _undo.Push(token => store.DisposeAsync().AsTask().WaitAsync(token));
        context.Opened(store, catalog);
        await age.CheckAsync(cancellationToken).ConfigureAwait(false);
        _undo.Push(token => age.MarkAsync(token).AsTask());
        _undo.Push(boots.StopAsync);
        await boots.ServeAllAsync(cancellationToken).ConfigureAwait(false);

        var dispatcher = new ControlDispatcher();
        foreach (var control in controls)
        {
            control.Map(dispatcher);
        }

        var host = links.Create(dispatcher);
        _undo.Push(async token =>
        {
            await host.StopAsync(token).ConfigureAwait(false);
            await host.DisposeAsync().ConfigureAwait(false);
        });
        _undo.Push(EndWorkAsync);
        await host.StartAsync(cancellationToken).ConfigureAwait(false);
        context.Linked(host);
        context.Certainty.BecameSure += SettleDoubt;
        if (!context.Certainty.IsUnsure)
        {
            Resume();
        }

        foreach (var part in parts)
        {
            _undo.Push(part.StopAsync);
            await part.StartAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void SettleDoubt()
    {
        _resuming.Add(Task.Run(
            async () =>
            {
                try
                {
                    await age.MarkAsync(_life.Token).ConfigureAwait(false);
                }
                catch (Exception e) when (e is DisasterToleranceException or OperationCanceledException)
                {
                    Log.NotMarked(_log, e);
                }
            },
            CancellationToken.None));
        Resume();
    }

    // In the background: unfinished work may wait for a peer, and the site is of use meanwhile.
    private void Resume() => _resuming.Add(Task.Run(
        async () =>
        {
            try
            {
                await meeting.ResumeAsync(_life.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_life.IsCancellationRequested)
            {
                Log.ResumeCutShort(_log);
            }
            catch (DisasterToleranceException e)
            {
                Log.ResumeFailed(_log, e);
            }
        },
        CancellationToken.None));

    private async Task EndWorkAsync(CancellationToken cancellationToken)
    {
        context.Certainty.BecameSure -= SettleDoubt;
        await _life.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_resuming).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task UndoAsync(CancellationToken cancellationToken)
    {
        while (_undo.TryPop(out var step))
        {
            try
            {
                await step(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is DisasterToleranceException or OperationCanceledException)
            {
                Log.StopStepFailed(_log, e);
            }
        }
    }
}
