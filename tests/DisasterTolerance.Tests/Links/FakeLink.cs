using System.Collections.Concurrent;
using System.Text.Json;
using DisasterTolerance.Links;

namespace DisasterTolerance.Tests.Links;

/// <summary>One end of a link inside the process: requests go as JSON to the other site's dispatcher, as they would over the wire. Goes up and down, and fails, when the test says so.</summary>
internal sealed class FakeLink(Guid self, Guid peer, string peerName, ControlDispatcher other) : IPeerLink
{
    private PeerState _state = new() { IsUp = false, Since = DateTimeOffset.UnixEpoch, Reason = "not tried yet" };

    public event Action<IPeerLink, PeerState>? StateChanged;

    public Guid Peer => peer;

    public string PeerName => peerName;

    public PeerState State => Volatile.Read(ref _state);

    public long Limit { get; private set; } = long.MinValue;

    /// <summary>Names of all requests that were made.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>What a request fails with before it is sent; null lets it through.</summary>
    public Func<string, Exception?> Fail { get; set; } = _ => null;

    public void Set(bool up, TimeSpan? skew = null)
    {
        var state = new PeerState { IsUp = up, Since = DateTimeOffset.UnixEpoch, Reason = up ? "" : "the test cut it", ClockSkew = skew };
        Volatile.Write(ref _state, state);
        StateChanged?.Invoke(this, state);
    }

    public async ValueTask<TResponse> CallAsync<TRequest, TResponse>(ControlMethod<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        Calls.Enqueue(method.Name);
        if (!State.IsUp)
        {
            throw new DisasterToleranceException(ErrorCode.PeerUnreachable, $"Site '{peerName}' does not answer.", isTransient: true);
        }

        if (Fail(method.Name) is { } failure)
        {
            throw failure;
        }

        byte[] response;
        try
        {
            response = await other.InvokeAsync(self, method.Name, JsonSerializer.SerializeToUtf8Bytes(request, method.Request), cancellationToken);
        }
        catch (DisasterToleranceException e)
        {
            throw new PeerRefusedException(peer, e.Code, e.Message, e.IsTransient);
        }

        return JsonSerializer.Deserialize(response, method.Response)!;
    }

    public ValueTask<IDataChannel> OpenDataAsync(Guid session, CancellationToken cancellationToken) =>
        throw new DisasterToleranceException(ErrorCode.PeerUnreachable, "This link carries no data.", isTransient: true);

    public IReadOnlyList<string> Hosts { get; init; } = [];

    public ValueTask ProbeAsync(string host, CancellationToken cancellationToken) =>
        State.IsUp ? ValueTask.CompletedTask : throw new DisasterToleranceException(ErrorCode.PeerUnreachable, $"Site '{peerName}' does not answer.", isTransient: true);

    public void SetLimit(long bytesPerSecond) => Limit = bytesPerSecond;
}

internal sealed class FakeLinkHost(IReadOnlyList<FakeLink> links) : ILinkHost
{
    public IReadOnlyList<IPeerLink> Peers => links;

    public string? LocalAddress => null;

    public IPeerLink? Find(Guid peer) => links.FirstOrDefault(link => link.Peer == peer);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
