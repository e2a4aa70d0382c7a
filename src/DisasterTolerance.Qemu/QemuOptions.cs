namespace DisasterTolerance.Qemu;

/// <summary>
/// How the provider for QEMU works. Everything in here is this site's own: nothing of it ever comes from another site. Read once, when the provider is opened.
/// </summary>
public sealed class QemuOptions
{
    /// <summary>
    /// The folder that holds one folder per machine, each with a <c>machine.json</c>. Absolute or relative to the working directory; created if it is absent. Required.
    /// </summary>
    public required string Path { get; set; }

    /// <summary>
    /// Where sockets and pid files of machines lie, one folder per machine. Paths of sockets have at most 107 bytes, so choose a short one if <see cref="Path"/> is long. It must not be shared with
    /// other users. Default: null, a folder <c>run</c> in the machine's own folder.
    /// </summary>
    public string? RuntimePath { get; set; }

    /// <summary>QEMU's accelerators, tried in order, separated by colons. Default: <c>kvm:tcg</c>.</summary>
    public string Accelerator { get; set; } = "kvm:tcg";

    /// <summary>The program that runs machines. Default: <c>qemu-system-x86_64</c>.</summary>
    public string Binary { get; set; } = "qemu-system-x86_64";

    /// <summary>The program that serves disks of machines that are off. Default: <c>qemu-storage-daemon</c>.</summary>
    public string StorageDaemon { get; set; } = "qemu-storage-daemon";

    /// <summary>The program that makes disk images. Default: <c>qemu-img</c>.</summary>
    public string ImageTool { get; set; } = "qemu-img";

    /// <summary>QEMU's machine type. Default: <c>q35</c>.</summary>
    public string MachineType { get; set; } = "q35";

    /// <summary>QEMU's processor model. Default: <c>max</c>, all that the accelerator can.</summary>
    public string Cpu { get; set; } = "max";

    /// <summary>
    /// What a machine's networks are here: by the network's name, the name of a bridge, or <c>user</c> for QEMU's user-mode network. A network that is not in here gives a card without a cable.
    /// Default: none.
    /// </summary>
    public IReadOnlyDictionary<string, string> Bridges { get; set; } = new Dictionary<string, string>();

    /// <summary>The firmware's code for machines that boot by UEFI, a file of this site. Default: null, such machines cannot be started.</summary>
    public string? FirmwareCode { get; set; }

    /// <summary>Further arguments for every machine. Default: none.</summary>
    public IReadOnlyList<string> Arguments { get; set; } = [];

    /// <summary>The host names that a start may name. Any other is <see cref="ErrorCode.HostNotFound"/>. Default: none.</summary>
    public IReadOnlyList<string> Hosts { get; set; } = [];

    /// <summary>The format of disks that are made here. On raw disks changes are known only as long as one QEMU runs. Default: qcow2.</summary>
    public QemuDiskFormat NewDiskFormat { get; set; } = QemuDiskFormat.Qcow2;

    /// <summary>Whether what a guest writes to its first serial port goes to <c>serial.log</c> in its folder, begun anew at every start. Without a bound on its size. Default: false.</summary>
    public bool SerialLog { get; set; }

    /// <summary>The most time for one command over QMP, and for starting a program. 1 s to 10 min. Default: 20 s.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>The most time for one command of the guest agent. 100 ms to 10 min. Default: 5 s.</summary>
    public TimeSpan AgentTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many reads of one disk are in flight during a capture, 1 to 64. Default: 8.</summary>
    public int ReadsInFlight { get; set; } = 8;

    /// <summary>
    /// The share of its writes per second that a guest may lose over the length of a capture: reading rests as often as that takes, so that a lower share makes captures longer. The guest is left alone from time
    /// to time to see what it can do. 0 to 0.9; 0 for no bound. Default: 0.2.
    /// </summary>
    public double WriteSlowdownTarget { get; set; } = 0.2;

    /// <summary>The mean time that a write of the guest may take while its disk is read for a capture: above it, reading rests longer. 0 to 10 s; 0 for no bound. Default: 4 ms.</summary>
    public TimeSpan WriteLatencyTarget { get; set; } = TimeSpan.FromMilliseconds(4);

    /// <summary>
    /// How fast the disks of a machine that runs from exports are copied to its own, in bytes per second and disk. QEMU goes in steps of up to
    /// 16 MiB. 0 for no limit, or at least 65,536. Default: 0.
    /// </summary>
    public long PullBytesPerSecond { get; set; }

    /// <summary>The clock of all deadlines. Default: the system's.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    internal void AssertValid()
    {
        List<string> faults = [];
        Check(!string.IsNullOrWhiteSpace(Path), $"{nameof(Path)} is empty");
        Check(!string.IsNullOrWhiteSpace(Binary), $"{nameof(Binary)} is empty");
        Check(!string.IsNullOrWhiteSpace(StorageDaemon), $"{nameof(StorageDaemon)} is empty");
        Check(!string.IsNullOrWhiteSpace(ImageTool), $"{nameof(ImageTool)} is empty");
        Check(IsWord(Accelerator), $"{nameof(Accelerator)} '{Accelerator}' has characters other than a-z A-Z 0-9 . _ : -");
        Check(IsWord(MachineType), $"{nameof(MachineType)} '{MachineType}' has characters other than a-z A-Z 0-9 . _ : -");
        Check(!string.IsNullOrWhiteSpace(Cpu), $"{nameof(Cpu)} is empty");
        Check(Bridges.Values.All(IsWord), $"a name in {nameof(Bridges)} has characters other than a-z A-Z 0-9 . _ : -");
        Check(Enum.IsDefined(NewDiskFormat), $"{nameof(NewDiskFormat)} is {NewDiskFormat}");
        Check(CommandTimeout >= TimeSpan.FromSeconds(1) && CommandTimeout <= TimeSpan.FromMinutes(10), $"{nameof(CommandTimeout)} is {CommandTimeout}, not from 1 s to 10 min");
        Check(AgentTimeout >= TimeSpan.FromMilliseconds(100) && AgentTimeout <= TimeSpan.FromMinutes(10), $"{nameof(AgentTimeout)} is {AgentTimeout}, not from 100 ms to 10 min");
        Check(ReadsInFlight is >= 1 and <= 64, $"{nameof(ReadsInFlight)} is {ReadsInFlight}, not from 1 to 64");
        Check(WriteLatencyTarget >= TimeSpan.Zero && WriteLatencyTarget <= TimeSpan.FromSeconds(10), $"{nameof(WriteLatencyTarget)} is {WriteLatencyTarget}, not from 0 to 10 s");
        Check(WriteSlowdownTarget is >= 0 and <= 0.9, $"{nameof(WriteSlowdownTarget)} is {WriteSlowdownTarget}, not from 0 to 0.9");
        Check(PullBytesPerSecond is 0 or >= 65_536, $"{nameof(PullBytesPerSecond)} is {PullBytesPerSecond}, neither 0 nor at least 65,536");
        if (faults.Count > 0)
        {
            throw new ArgumentException($"The options of the QEMU provider are not valid: {string.Join("; ", faults)}.");
        }

        void Check(bool isRight, string fault)
        {
            if (!isRight)
            {
                faults.Add(fault);
            }
        }
    }

    private static bool IsWord(string? text) => !string.IsNullOrEmpty(text) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or ':' or '-');
}

/// <summary>How a disk lies in its file.</summary>
public enum QemuDiskFormat
{
    /// <summary>The disk's bytes as they are.</summary>
    Raw = 0,
    /// <summary>QEMU's own format, which keeps dirty bitmaps across a restart.</summary>
    Qcow2 = 1,
}
