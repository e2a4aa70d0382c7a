using System.Buffers;
using System.Buffers.Binary;

namespace DisasterTolerance.Links;

/// <summary>
/// Measures round trip and clock skew from heartbeats. Of the last samples the one with the shortest round trip counts, since it leaves the skew the least room.
/// Thread-safe.
/// </summary>
internal sealed class ClockProbe(TimeProvider time)
{
    /// <summary>Bytes of a heartbeat's body: the sender's clock.</summary>
    public const int HeartbeatBytes = 8;

    /// <summary>Bytes of an echo's body: the clock from the heartbeat, the echoing side's clock on receipt and on sending.</summary>
    public const int EchoBytes = 24;

    private const int Samples = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, long> _sent = [];
    private readonly Queue<(TimeSpan RoundTrip, TimeSpan Skew)> _samples = [];
    private ulong _sequence;

    /// <summary>The best sample so far, or null.</summary>
    public (TimeSpan RoundTrip, TimeSpan Skew)? Best
    {
        get
        {
            lock (_lock)
            {
                return _samples.Count == 0 ? null : _samples.MinBy(s => s.RoundTrip);
            }
        }
    }

    /// <summary>The next heartbeat: its stream and its body.</summary>
    public (ulong Stream, byte[] Body) Next()
    {
        var body = new byte[HeartbeatBytes];
        BinaryPrimitives.WriteInt64LittleEndian(body, Now());
        lock (_lock)
        {
            // Heartbeats that were never echoed must not gather.
            _sent.Remove(_sequence - Samples);
            _sent[++_sequence] = time.GetTimestamp();
            return (_sequence, body);
        }
    }

    /// <summary>The answer to a peer's heartbeat.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.ProtocolViolation"/>.</exception>
    public byte[] Echo(in ReadOnlySequence<byte> heartbeat)
    {
        if (heartbeat.Length != HeartbeatBytes)
        {
            throw LinkErrors.Violation("A heartbeat has the wrong length.");
        }

        var body = new byte[EchoBytes];
        heartbeat.CopyTo(body);
        var now = Now();
        BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(8), now);
        BinaryPrimitives.WriteInt64LittleEndian(body.AsSpan(16), now);
        return body;
    }

    /// <summary>Takes the answer to one of our heartbeats. An answer to none of them is ignored.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.ProtocolViolation"/>.</exception>
    public void Take(ulong stream, in ReadOnlySequence<byte> echo)
    {
        if (echo.Length != EchoBytes)
        {
            throw LinkErrors.Violation("An echo of a heartbeat has the wrong length.");
        }

        Span<byte> body = stackalloc byte[EchoBytes];
        echo.CopyTo(body);
        var sent = BinaryPrimitives.ReadInt64LittleEndian(body);
        var there = BinaryPrimitives.ReadInt64LittleEndian(body[8..]);
        var back = BinaryPrimitives.ReadInt64LittleEndian(body[16..]);
        var received = Now();
        lock (_lock)
        {
            if (!_sent.Remove(stream, out var sentAt))
            {
                return;
            }

            // The peer's numbers are only numbers: unchecked arithmetic may give nonsense, never an exception.
            var skew = unchecked((there - sent + (back - received)) / 2);
            _samples.Enqueue((time.GetElapsedTime(sentAt), FromMicroseconds(skew)));
            if (_samples.Count > Samples)
            {
                _samples.Dequeue();
            }
        }
    }

    private static TimeSpan FromMicroseconds(long value) =>
        new(Math.Clamp(value, long.MinValue / TimeSpan.TicksPerMicrosecond, long.MaxValue / TimeSpan.TicksPerMicrosecond) * TimeSpan.TicksPerMicrosecond);

    private long Now() => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
