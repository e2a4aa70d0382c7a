using System.Diagnostics.CodeAnalysis;

namespace DisasterTolerance.Testing.Links;

/// <summary>Breaks both directions of one connection, once; the first reason wins. Thread-safe.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Pumps and owners may ask at any time, and the source holds no timer, so there is nothing to free.")]
internal sealed class SimulatedBreak
{
    private readonly CancellationTokenSource _source = new();
    private string? _reason;
    private long _heldUntil;

    /// <summary>Until when no byte of the connection arrives.</summary>
    public DateTimeOffset HeldUntil
    {
        get => new(Interlocked.Read(ref _heldUntil), TimeSpan.Zero);
        set => Interlocked.Exchange(ref _heldUntil, value.UtcTicks);
    }

    /// <summary>True as soon as <see cref="Now"/> has returned, before the token tells.</summary>
    public bool IsBroken => Volatile.Read(ref _reason) is not null;

    public CancellationToken Token => _source.Token;

    public string Reason => Volatile.Read(ref _reason) ?? "The connection was closed.";

    public void Now(string reason)
    {
        if (Interlocked.CompareExchange(ref _reason, reason, null) is null)
        {
            // On the pool: what a caller holds while it breaks the connection is not known here.
            ThreadPool.UnsafeQueueUserWorkItem(static source => source.Cancel(), _source, preferLocal: false);
        }
    }
}
