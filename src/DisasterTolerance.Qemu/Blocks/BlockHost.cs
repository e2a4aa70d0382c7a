using System.Text.Json;
using System.Text.Json.Nodes;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Qmp;

namespace DisasterTolerance.Qemu.Blocks;

/// <summary>
/// The process that has a machine's disks open, as seen through its monitor: QEMU itself while the machine runs, a storage daemon while it is off. Thread-safe. Shared: it closes with its last lease.
/// </summary>
internal sealed class BlockHost(Guid machine, QmpConnection connection, bool isDaemon, string nbdPath)
{
    /// <summary>Whether it is the storage daemon, so that no guest runs.</summary>
    public bool IsDaemon => isDaemon;

    /// <summary>Where the process serves its exports once it was told to.</summary>
    public string NbdPath => nbdPath;

    public QmpConnection Connection => connection;

    public bool IsGone => connection.Ended.IsCompleted;

    /// <summary>Sends a command.</summary>
    /// <exception cref="HypervisorException">QEMU refused, ended or did not answer.</exception>
    public async ValueTask<JsonElement> ExecuteAsync(string command, JsonObject? arguments, CancellationToken cancellationToken)
    {
        try
        {
            return await connection.ExecuteAsync(command, arguments, cancellationToken).ConfigureAwait(false);
        }
        catch (QmpException e)
        {
            throw QmpErrors.Translate(machine, e);
        }
    }

    /// <summary>Sends a command whose refusal means that there was nothing to do.</summary>
    /// <returns>Whether QEMU did it.</returns>
    public async ValueTask<bool> TryAsync(string command, JsonObject? arguments, CancellationToken cancellationToken)
    {
        try
        {
            await connection.ExecuteAsync(command, arguments, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (QmpException e) when (e.Failure == QmpFailure.Refused)
        {
            return false;
        }
        catch (QmpException e)
        {
            throw QmpErrors.Translate(machine, e);
        }
    }

    /// <summary>What the guest does, in QEMU's words, such as <c>running</c>, <c>paused</c> or <c>io-error</c>.</summary>
    public async ValueTask<string?> ReadStatusAsync(CancellationToken cancellationToken) =>
        (await ExecuteAsync("query-status", null, cancellationToken).ConfigureAwait(false)).GetProperty("status").GetString();

    /// <summary>Starts the process's NBD server on <see cref="NbdPath"/>. A process has only one.</summary>
    /// <exception cref="HypervisorException">One runs already, or the socket cannot be used.</exception>
    public async ValueTask StartServerAsync(CancellationToken cancellationToken) =>
        await ExecuteAsync("nbd-server-start", ServerAddress(), cancellationToken).ConfigureAwait(false);

    /// <summary>As <see cref="StartServerAsync"/>, where one may run already.</summary>
    /// <returns>Whether it was started.</returns>
    public ValueTask<bool> TryStartServerAsync(CancellationToken cancellationToken) => TryAsync("nbd-server-start", ServerAddress(), cancellationToken);

    /// <summary>Cancels a block job and waits until it is gone.</summary>
    /// <returns>Whether there was one, and it ended in time.</returns>
    public async ValueTask<bool> EndJobAsync(string job, QemuOptions options, CancellationToken cancellationToken)
    {
        using var ended = Expect(e => e.Name is "BLOCK_JOB_CANCELLED" or "BLOCK_JOB_COMPLETED" && e.Text("device") == job);
        return await TryAsync("block-job-cancel", new() { ["device"] = job, ["force"] = true }, cancellationToken).ConfigureAwait(false)
            && await ended.WaitAsync(options.CommandTimeout, options.Time, cancellationToken).ConfigureAwait(false) is not null;
    }

    /// <summary>All block nodes as they are now.</summary>
    public async ValueTask<BlockGraph> ReadGraphAsync(CancellationToken cancellationToken)
    {
        var nodes = await ExecuteAsync("query-named-block-nodes", new() { ["flat"] = true }, cancellationToken).ConfigureAwait(false);
        var devices = await ExecuteAsync("query-block", null, cancellationToken).ConfigureAwait(false);
        return new(nodes, devices);
    }

    /// <summary>Waits for an event, from before what causes it is asked for.</summary>
    public EventWait Expect(Func<QmpEvent, bool> wanted) => new(connection, wanted);

    private JsonObject ServerAddress() => new() { ["addr"] = new JsonObject { ["type"] = "unix", ["data"] = new JsonObject { ["path"] = nbdPath } } };
}

/// <summary>Waits for one event. Disposing gives it up.</summary>
internal sealed class EventWait : IDisposable
{
    private readonly QmpConnection _connection;
    private readonly Func<QmpEvent, bool> _wanted;
    private readonly TaskCompletionSource<QmpEvent> _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public EventWait(QmpConnection connection, Func<QmpEvent, bool> wanted)
    {
        (_connection, _wanted) = (connection, wanted);
        connection.EventReceived += Receive;
    }

    /// <summary>Waits.</summary>
    /// <returns>The event; null if it did not come within the time, or QEMU ended.</returns>
    public async ValueTask<QmpEvent?> WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAny(_seen.Task, _connection.Ended).WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
            return _seen.Task.IsCompletedSuccessfully ? _seen.Task.Result : null;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    public void Dispose() => _connection.EventReceived -= Receive;

    private void Receive(QmpEvent told)
    {
        if (_wanted(told))
        {
            _seen.TrySetResult(told);
        }
    }
}
