namespace DisasterTolerance.Compression;

/// <summary>Keeps contexts that are dear to make. At most <see cref="Places"/> wait; each holds some hundred KiB. Allocates nothing. Thread-safe.</summary>
internal sealed class ContextPool<T>(Func<T> make)
    where T : class, IDisposable
{
    private const int Places = 32;

    private readonly T?[] _places = new T?[Places];

    public T Take()
    {
        for (var i = 0; i < _places.Length; i++)
        {
            if (Volatile.Read(ref _places[i]) is not null && Interlocked.Exchange(ref _places[i], null) is { } context)
            {
                return context;
            }
        }

        return make();
    }

    public void Return(T context)
    {
        for (var i = 0; i < _places.Length; i++)
        {
            if (Volatile.Read(ref _places[i]) is null && Interlocked.CompareExchange(ref _places[i], context, null) is null)
            {
                return;
            }
        }

        context.Dispose();
    }
}
