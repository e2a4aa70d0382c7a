using System.Diagnostics;

namespace DisasterTolerance.Qemu.Tests.Guest;

/// <summary>A QEMU of the test's own with the tiny guest in it. It ends with the object, as by <c>kill -9</c>.</summary>
internal sealed class GuestMachine : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _reading;
    private readonly Task<string> _errors;
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private GuestMachine(string folder, Process process)
    {
        (Qmp, Agent) = (Path.Combine(folder, "qmp"), Path.Combine(folder, "agent"));
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
        _reading = ReadAsync();
    }

    /// <summary>The socket of QEMU's control protocol.</summary>
    public string Qmp { get; }

    /// <summary>The socket of the guest agent.</summary>
    public string Agent { get; }

    /// <summary>What the guest said so far, without the leading word.</summary>
    public IReadOnlyList<string> Said
    {
        get
        {
            lock (_lock)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>The number of the last file that the guest told; -1 without one.</summary>
    public int LastWritten => Said.Where(line => line.StartsWith("wrote ", StringComparison.Ordinal)).Select(line => int.Parse(line.Split(' ')[1])).LastOrDefault(-1);

    /// <param name="image">What boots.</param>
    /// <param name="folder">Where the sockets are made.</param>
    /// <param name="mode">The guest's mode and options, as on the kernel's command line.</param>
    /// <param name="disks">Raw images.</param>
    public static GuestMachine Start(GuestImage image, string folder, string mode, params string[] disks) => new(folder, ForeignProgram.Start("qemu-system-x86_64",
    [
        "-machine", "q35,accel=tcg", "-cpu", "max", "-m", "128", "-display", "none", "-nodefaults", "-no-reboot", "-monitor", "none", "-serial", "stdio",
        "-kernel", image.Kernel, "-initrd", image.InitialRamDisk, "-append", $"console=ttyS0 quiet panic=-1 {mode}",
        "-qmp", $"unix:{folder}/qmp,server=on,wait=off",
        "-device", "virtio-serial-pci", "-chardev", $"socket,path={folder}/agent,server=on,wait=off,id=agent", "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
        .. disks.SelectMany(disk => new[] { "-drive", $"file={disk},format=raw,if=virtio" }),
    ]));

    /// <summary>Waits for a line that begins with these words, from the first one on.</summary>
    public async Task<string> SaysAsync(string words)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            Task more;
            lock (_lock)
            {
                if (_lines.Find(line => line.StartsWith(words, StringComparison.Ordinal)) is { } found)
                {
                    return found;
                }

                more = _more.Task;
            }

            Assert.False(_reading.IsCompleted, $"QEMU ended without '{words}'. The guest said: {string.Join('\n', Said)}");
            Assert.True(Stopwatch.GetElapsedTime(started) < ForeignProgram.HangLimit, $"No '{words}' in time. The guest said: {string.Join('\n', Said)}");
            await Task.WhenAny(more, _reading, Task.Delay(ForeignProgram.HangLimit));
        }
    }

    /// <summary>Waits until the guest told a file that it had not told yet.</summary>
    public Task WritesOnAsync() => SaysAsync($"wrote {LastWritten + 1} ");

    /// <summary>Waits until the guest powered itself off.</summary>
    public async Task PowersOffAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(ForeignProgram.HangLimit);
        await _reading;
        Assert.True(_process.ExitCode == 0, $"QEMU ended with {_process.ExitCode}: {await _errors}");
    }

    public async ValueTask DisposeAsync()
    {
        ForeignProgram.Stop(_process);
        await _process.WaitForExitAsync().WaitAsync(ForeignProgram.HangLimit);
        await _reading;
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("GUEST ", StringComparison.Ordinal))
            {
                continue;
            }

            lock (_lock)
            {
                _lines.Add(line["GUEST ".Length..].TrimEnd());
                _more.TrySetResult();
                _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
