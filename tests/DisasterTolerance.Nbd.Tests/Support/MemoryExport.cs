using System.Runtime.CompilerServices;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Nbd.Tests.Support;

/// <summary>A disk in memory that knows which of its blocks were written, and can be told to fail or to wait.</summary>
internal sealed class MemoryExport(int length, bool isReadOnly = false) : INbdExport
{
    private const int Block = 4096;

    private readonly bool[] _written = new bool[(length + Block - 1) / Block];
    private int _working;

    public byte[] Content { get; } = new byte[length];

    public long Length => Content.Length;

    public bool IsReadOnly => isReadOnly;

    public bool CanMultiConn => true;

    public string Description => "a disk in memory";

    public NbdBlockSizes BlockSizes { get; init; } = NbdBlockSizes.Default;

    /// <summary>Each of them says of a block whether it was written.</summary>
    public IReadOnlyList<string> Contexts { get; init; } = [];

    public Exception? Fault { get; set; }

    /// <summary>Reads wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public int MostAtOnce { get; private set; }

    public int Flushes { get; private set; }

    public int DurableWrites { get; private set; }

    public int Trims { get; private set; }

    public int Reads { get; private set; }

    public static MemoryExport Filled(int length, int seed, bool isReadOnly = false)
    {
        var export = new MemoryExport(length, isReadOnly);
        new Random(seed).NextBytes(export.Content);
        Array.Fill(export._written, true);
        return export;
    }

    /// <summary>Data in every other stretch of the given length, holes between.</summary>
    public static MemoryExport Striped(int length, int stretch, bool isReadOnly = false)
    {
        var export = new MemoryExport(length, isReadOnly);
        for (var at = 0; at < length; at += 2 * stretch)
        {
            export.Content.AsSpan(at, Math.Min(stretch, length - at)).Fill((byte)(1 + at / stretch));
            Array.Fill(export._written, true, at / Block, stretch / Block);
        }

        return export;
    }

    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        lock (Content)
        {
            Reads++;
            MostAtOnce = Math.Max(MostAtOnce, ++_working);
        }

        try
        {
            await Gate.WaitAsync(cancellationToken);
            Throw();
            Content.AsMemory((int)offset, buffer.Length).CopyTo(buffer);
        }
        finally
        {
            lock (Content)
            {
                _working--;
            }
        }
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, bool isDurable, CancellationToken cancellationToken)
    {
        Throw();
        lock (Content)
        {
            DurableWrites += isDurable ? 1 : 0;
            buffer.CopyTo(Content.AsMemory((int)offset));
            Mark(offset, buffer.Length, true);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        Throw();
        lock (Content)
        {
            Flushes++;
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken cancellationToken)
    {
        lock (Content)
        {
            Trims++;
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask WriteZeroesAsync(long offset, long length, bool mayPunchHole, bool isDurable, CancellationToken cancellationToken)
    {
        Throw();
        lock (Content)
        {
            Content.AsSpan((int)offset, (int)length).Clear();
            if (mayPunchHole && offset % Block == 0 && length % Block == 0)
            {
                Mark(offset, (int)length, false);
            }
            else
            {
                Mark(offset, (int)length, true);
            }
        }

        return ValueTask.CompletedTask;
    }

    public async IAsyncEnumerable<DiskExtent> GetExtentsAsync(long offset, long length, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        for (var (at, end) = (offset, offset + length); at < end;)
        {
            var next = Math.Min((at / Block + 1) * Block, end);
            yield return new(at, next - at, _written[at / Block] ? ExtentKind.Data : ExtentKind.Unallocated);
            at = next;
        }
    }

    public IAsyncEnumerable<NbdExtent> GetStatusAsync(string context, long offset, long length, CancellationToken cancellationToken) =>
        GetExtentsAsync(offset, length, cancellationToken).Select(extent => new NbdExtent(extent.Offset, extent.Length, extent.Kind == ExtentKind.Data ? NbdExtent.Dirty : 0));

    /// <summary>Waits until so many reads are at work.</summary>
    public async Task ArrivedAsync(int count)
    {
        using var limit = new CancellationTokenSource(TestFolder.HangLimit);
        while (MostAtOnce < count)
        {
            await Task.Delay(5, limit.Token);
        }
    }

    private void Mark(long offset, int length, bool isWritten)
    {
        for (var block = offset / Block; block * Block < offset + length; block++)
        {
            _written[block] = isWritten;
        }
    }

    private void Throw()
    {
        if (Fault is { } fault)
        {
            throw fault;
        }
    }
}
