using System.Buffers;
using System.IO.Pipelines;

namespace DisasterTolerance.Testing.Links;

/// <summary>Moves the bytes of one direction of one connection, with all that its lane does to them.</summary>
internal sealed class SimulatedPump(
    SimulatedConnection sender,
    SimulatedConnection receiver,
    PipeReader source,
    PipeWriter destination,
    SimulatedLane lane,
    SimulatedBreak connectionBreak,
    TimeProvider time)
{
    private const int PieceBytes = 16 * 1024;

    /// <summary>Runs until the sender completes, the receiver completes or the connection breaks. Never throws.</summary>
    public async Task RunAsync()
    {
        Exception? error = null;
        try
        {
            await MoveAsync(connectionBreak.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            error = new IOException(connectionBreak.Reason);
        }
        catch (Exception e)
        {
            connectionBreak.Now(e.Message);
            error = e;
        }

        await source.CompleteAsync(error).ConfigureAwait(false);
        await destination.CompleteAsync(error).ConfigureAwait(false);
    }

    private async Task MoveAsync(CancellationToken broken)
    {
        while (true)
        {
            var result = await source.ReadAsync(broken).ConfigureAwait(false);
            if (result.Buffer.IsEmpty && result.IsCompleted)
            {
                return;
            }

            var delay = lane.Delay;
            if (delay > TimeSpan.Zero)
            {
                await Task.Delay(delay, time, broken).ConfigureAwait(false);
            }

            var rest = result.Buffer;
            while (!rest.IsEmpty)
            {
                var moved = await MovePieceAsync(rest.Slice(0, Math.Min(rest.Length, PieceBytes)), broken).ConfigureAwait(false);
                rest = rest.Slice(moved);
            }

            source.AdvanceTo(result.Buffer.End);
        }
    }

    private async Task<int> MovePieceAsync(ReadOnlySequence<byte> piece, CancellationToken broken)
    {
        var wanted = (int)piece.Length;
        if (sender.OutputThrottle is { } throttle)
        {
            wanted = await throttle.TakeAsync(wanted, broken).ConfigureAwait(false);
        }

        await lane.Open.WaitAsync(broken).ConfigureAwait(false);
        while (connectionBreak.HeldUntil - time.GetUtcNow() is var held && held > TimeSpan.Zero)
        {
            await Task.Delay(held, time, broken).ConfigureAwait(false);
        }

        if (connectionBreak.IsBroken)
        {
            throw new IOException(connectionBreak.Reason);
        }

        var (passes, flip, cuts) = lane.Take(wanted);
        var target = destination.GetSpan(Math.Max(passes, 1));
        piece.Slice(0, passes).CopyTo(target);
        if (flip is { } at)
        {
            target[at] ^= 1;
        }

        destination.Advance(passes);
        sender.CountWritten(passes);
        receiver.CountRead(passes);
        var flushed = await destination.FlushAsync(broken).ConfigureAwait(false);
        if (cuts)
        {
            connectionBreak.Now("The simulated link was cut.");
            throw new IOException("The simulated link was cut.");
        }

        return flushed.IsCompleted ? throw new IOException("The other end closed the connection.") : passes;
    }
}
