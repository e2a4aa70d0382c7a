using DisasterTolerance.Tests.Buffers;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Tests.Transport;

public sealed class GatheringStreamTests
{
    private const int Record = 16_406;

    private readonly CountingPool _pool = new();
    private readonly WireStream _wire = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WriteAsync_BeforeBegin_IsSentAtOnce()
    {
        await using var stream = new GatheringStream(_wire, _pool);

        await stream.WriteAsync(new byte[100], Token);

        Assert.Equal([100], _wire.Sent.Select(piece => piece.Length));
    }

    [Fact]
    public async Task FlushAsync_SeveralRecords_SendsThemTogetherInOrder()
    {
        await using var stream = Begun();
        var content = Content(20 * Record);
        for (var i = 0; i < 20; i++)
        {
            await stream.WriteAsync(content.AsMemory(i * Record, Record), Token);
        }

        Assert.Empty(_wire.Sent);
        await stream.FlushAsync(Token);

        Assert.Equal(content, Assert.Single(_wire.Sent));
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public async Task WriteAsync_MoreThanOneSend_SendsWithoutAFlushAndKeepsTheOrder()
    {
        await using var stream = Begun();
        var content = Content(2_000_003);
        for (var at = 0; at < content.Length; at += Record)
        {
            await stream.WriteAsync(content.AsMemory(at, Math.Min(Record, content.Length - at)), Token);
        }

        Assert.InRange(_wire.Sent.Count, 4, 7);
        await stream.FlushAsync(Token);

        Assert.Equal(content, _wire.Sent.SelectMany(piece => piece));
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public async Task FlushAsync_SendFails_ThrowsItsError()
    {
        await using var stream = Begun();
        await stream.WriteAsync(new byte[10], Token);
        _wire.SendError = new IOException("gone");

        Assert.Equal("gone", (await Assert.ThrowsAsync<IOException>(() => stream.FlushAsync(Token))).Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5_000)]
    [InlineData(16_406)]
    [InlineData(1_000_000)]
    public async Task ReadAsync_PiecesOfAnySize_GivesEveryByteOnceAndHoldsNothingAtTheEnd(int piece)
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        await using var stream = Begun();
        var content = Content(piece == 1 ? 1_000 : 3_000_017);
        for (var at = 0; at < content.Length; at += piece)
        {
            _wire.Receive(content.AsMemory(at, Math.Min(piece, content.Length - at)));
        }

        var received = new MemoryStream();
        var buffer = new byte[40_000];
        while (await stream.ReadAsync(buffer.AsMemory(0, random.Next(1, buffer.Length)), Token) is > 0 and var count)
        {
            received.Write(buffer, 0, count);
        }

        Assert.True(content.AsSpan().SequenceEqual(received.ToArray()), $"seed {seed}");
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public async Task ReadAsync_BusyPeer_TakesMoreThanIsAskedForWithOneRead()
    {
        await using var stream = Begun();
        _wire.Receive(Content(400_000));
        var buffer = new byte[Record];

        for (var i = 0; i < 16; i++)
        {
            Assert.Equal(Record, await stream.ReadAsync(buffer, Token));
        }

        Assert.InRange(_wire.Reads, 1, 2);
    }

    [Fact]
    public async Task ReadAsync_FailsWhileReadingAhead_GivesTheBufferBack()
    {
        await using var stream = Begun();
        _wire.Receive(Content(Record));
        await stream.ReadExactlyAsync(new byte[Record], Token);
        _wire.ReceiveError = new IOException("gone");

        await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(new byte[Record], Token).AsTask());

        Assert.Equal(1, _pool.Most);
        Assert.Equal(0, _pool.Outstanding);
    }

    private GatheringStream Begun()
    {
        var stream = new GatheringStream(_wire, _pool);
        stream.Begin();
        return stream;
    }

    private static byte[] Content(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    /// <summary>A socket as a test wants it: keeps what is sent and gives what is put in, one piece at most per read.</summary>
    private sealed class WireStream : MemoryStream
    {
        private readonly Queue<ReadOnlyMemory<byte>> _incoming = new();

        public List<byte[]> Sent { get; } = [];

        public int Reads { get; private set; }

        public IOException? SendError { get; set; }

        public IOException? ReceiveError { get; set; }

        public void Receive(ReadOnlyMemory<byte> piece) => _incoming.Enqueue(piece);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (SendError is not null)
            {
                return ValueTask.FromException(SendError);
            }

            Sent.Add(buffer.ToArray());
            return ValueTask.CompletedTask;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (ReceiveError is not null)
            {
                return ValueTask.FromException<int>(ReceiveError);
            }

            Reads++;
            if (!_incoming.TryDequeue(out var piece))
            {
                return ValueTask.FromResult(0);
            }

            var count = Math.Min(buffer.Length, piece.Length);
            piece.Span[..count].CopyTo(buffer.Span);
            if (count < piece.Length)
            {
                var rest = _incoming.ToArray();
                _incoming.Clear();
                _incoming.Enqueue(piece[count..]);
                foreach (var later in rest)
                {
                    _incoming.Enqueue(later);
                }
            }

            return ValueTask.FromResult(count);
        }
    }
}
