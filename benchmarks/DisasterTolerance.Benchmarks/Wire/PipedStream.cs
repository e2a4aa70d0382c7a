using System.IO.Pipelines;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Benchmarks.Wire;

/// <summary>Pipes over a stream with nothing between: what a link's connection would be without its own streams.</summary>
internal sealed class PipedStream(Stream stream) : ILinkConnection
{
    public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 << 10, minimumReadSize: 4 << 10));

    public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: 64 << 10));

    public string RemoteKey => "";

    public long BytesWritten => 0;

    public long BytesRead => 0;

    public ILinkThrottle? OutputThrottle { get; set; }

    public void Abort(string reason) => stream.Dispose();

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
