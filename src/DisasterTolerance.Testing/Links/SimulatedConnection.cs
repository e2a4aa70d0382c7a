using System.IO.Pipelines;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Testing.Links;

/// <summary>One end of a simulated connection. What its owner writes goes into a pipe that only a pump reads; what it reads comes from a pipe that only a pump writes.</summary>
internal sealed class SimulatedConnection(string remoteKey, Pipe outgoing, Pipe incoming, SimulatedBreak connectionBreak) : ILinkConnection
{
    private volatile ILinkThrottle? _throttle;
    private long _written;
    private long _read;

    public PipeReader Input => incoming.Reader;

    public PipeWriter Output => outgoing.Writer;

    public string RemoteKey { get; } = remoteKey;

    public long BytesWritten => Interlocked.Read(ref _written);

    public long BytesRead => Interlocked.Read(ref _read);

    public ILinkThrottle? OutputThrottle
    {
        get => _throttle;
        set => _throttle = value;
    }

    public void CountWritten(long bytes) => Interlocked.Add(ref _written, bytes);

    public void CountRead(long bytes) => Interlocked.Add(ref _read, bytes);

    public void Abort(string reason) => connectionBreak.Now(reason);

    public async ValueTask DisposeAsync()
    {
        await outgoing.Writer.CompleteAsync().ConfigureAwait(false);
        await incoming.Reader.CompleteAsync().ConfigureAwait(false);
    }
}
