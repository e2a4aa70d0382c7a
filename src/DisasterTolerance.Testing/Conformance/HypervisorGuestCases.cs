using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Asking the guest and picturing its console.</summary>
internal static class HypervisorGuestCases
{
    private static readonly byte[] Signature = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    public static IEnumerable<ConformanceCase<HypervisorFixture>> All { get; } =
    [
        new("IsAlive_MachineOff_IsFalse", "Whether the guest has come up and answers.", NotAlive, fixture => fixture.Provider is IGuestAgent ? null : "it cannot ask guests"),
        new("CaptureConsole_MachineOn_WritesAPng", "Writes a PNG of the machine's screen to a stream.", Picture, WithoutConsole),
        new("CaptureConsole_UnknownMachine_IsMachineNotFound", "An unknown machine is MachineNotFound.", Unknown, WithoutConsole),
    ];

    private static string? WithoutConsole(HypervisorFixture fixture) => fixture.Provider is IConsoleCapture ? null : "it cannot picture consoles";

    private static async Task NotAlive(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        Expect.That(!await ((IGuestAgent)fixture.Provider).IsAliveAsync(machine, cancellationToken).ConfigureAwait(false), "the guest of a machine that is off answers.");
    }

    private static async Task Picture(HypervisorFixture fixture, CancellationToken cancellationToken)
    {
        Guid machine = await fixture.CreateWrittenAsync(cancellationToken).ConfigureAwait(false);
        await fixture.Provider.StartAsync(machine, null, cancellationToken).ConfigureAwait(false);
        using var picture = new MemoryStream();
        await ((IConsoleCapture)fixture.Provider).CaptureConsoleAsync(machine, picture, cancellationToken).ConfigureAwait(false);
        Expect.That(picture.CanWrite, "the caller's stream was closed.");
        Expect.That(picture.ToArray().AsSpan().StartsWith(Signature), "what was written does not begin like a PNG.");
    }

    private static Task Unknown(HypervisorFixture fixture, CancellationToken cancellationToken) => Expect.ErrorAsync(
        ErrorCode.MachineNotFound,
        () => ((IConsoleCapture)fixture.Provider).CaptureConsoleAsync(fixture.NewMachineId(), Stream.Null, cancellationToken).AsTask(),
        "A picture of an unknown machine");
}
