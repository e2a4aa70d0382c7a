using System.Text.Json.Serialization;
using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Links;

namespace DisasterTolerance.Recovery;

/// <summary>About one machine.</summary>
/// <param name="Machine">Uuid of the protected object.</param>
internal sealed record MachineQuestion(Guid Machine);

/// <summary>How a machine is at the site that answers.</summary>
internal sealed record PowerAnswer(PowerState Power, Ownership Ownership);

/// <summary>What became of a machine that was to be stopped.</summary>
internal sealed record StopAnswer(ShutdownResult Result);

/// <summary>The source wants the destination to write a point's disks and to register the machine, off.</summary>
internal sealed record PrepareRequest(Guid Machine, Guid Point);

/// <summary>The destination is ready.</summary>
internal sealed record PrepareAnswer(long WrittenBytes);

/// <summary>A site hands a machine over.</summary>
/// <param name="Machine">Uuid of the protected object.</param>
/// <param name="Offer">The giver's ownership with the receiver as the one it is yielded to.</param>
/// <param name="Point">The point that the branch goes on from.</param>
/// <param name="Host">The host to start on; empty for any.</param>
internal sealed record TakeRequest(Guid Machine, Ownership Offer, Guid Point, string Host);

/// <summary>The receiver owns the machine.</summary>
/// <param name="Ownership">What it wrote.</param>
/// <param name="StartError">Why the machine could not be started there; empty if it was.</param>
/// <param name="StartCode">The code of that.</param>
internal sealed record TakeAnswer(Ownership Ownership, string StartError, ErrorCode StartCode);

/// <summary>An operator named the site that is asked as the owner.</summary>
internal sealed record WinRequest(Guid Machine, string Actor);

/// <summary>What the named owner wrote; sent to the other site so that it follows.</summary>
internal sealed record OwnershipNews(Guid Machine, Ownership Ownership);

/// <summary>A request of a person that is passed on to the owner.</summary>
internal sealed record PassedOn(Guid Machine, string Actor);

/// <summary>Recoveries that people want at the receiver.</summary>
/// <param name="Requests">What to recover; each names its machine by the uuid of the protected object.</param>
internal sealed record RecoverPassedOn(IReadOnlyList<RecoveryRequest> Requests);

/// <summary>What became of them, in their order.</summary>
internal sealed record RecoverAnswer(IReadOnlyList<PassedOutcome> Outcomes);

/// <summary>One outcome.</summary>
/// <param name="Report">What was done; null if it failed.</param>
/// <param name="Code">Why it failed.</param>
/// <param name="Error">The same for people; empty if it did not.</param>
/// <param name="Transient">Whether the same request may succeed later.</param>
internal sealed record PassedOutcome(RecoveryReport? Report, ErrorCode Code, string Error, bool Transient);

/// <summary>Done, nothing to tell.</summary>
internal sealed record Finished(Guid Machine);

/// <summary>The control methods of recovery. All name machines that the two sites share; the receiver checks that.</summary>
internal static class RecoveryMethods
{
    // Nobody waits long to hear that a dead owner is dead.
    public static ControlMethod<MachineQuestion, PowerAnswer> Power { get; } =
        new("machine.power", RecoveryJson.Default.MachineQuestion, RecoveryJson.Default.PowerAnswer) { Timeout = TimeSpan.FromSeconds(10) };

    public static ControlMethod<MachineQuestion, StopAnswer> Stop { get; } = new("machine.stop", RecoveryJson.Default.MachineQuestion, RecoveryJson.Default.StopAnswer);

    public static ControlMethod<PrepareRequest, PrepareAnswer> MigratePrepare { get; } = Long("migrate.prepare", RecoveryJson.Default.PrepareRequest, RecoveryJson.Default.PrepareAnswer);

    public static ControlMethod<TakeRequest, TakeAnswer> MigrateTake { get; } = Long("migrate.take", RecoveryJson.Default.TakeRequest, RecoveryJson.Default.TakeAnswer);

    public static ControlMethod<PrepareRequest, PrepareAnswer> UndoPrepare { get; } = Long("undo.prepare", RecoveryJson.Default.PrepareRequest, RecoveryJson.Default.PrepareAnswer);

    public static ControlMethod<TakeRequest, TakeAnswer> UndoTake { get; } = Long("undo.take", RecoveryJson.Default.TakeRequest, RecoveryJson.Default.TakeAnswer);

    public static ControlMethod<WinRequest, OwnershipNews> ConflictWin { get; } = Long("conflict.win", RecoveryJson.Default.WinRequest, RecoveryJson.Default.OwnershipNews);

    public static ControlMethod<OwnershipNews, Finished> ConflictYield { get; } = Long("conflict.yield", RecoveryJson.Default.OwnershipNews, RecoveryJson.Default.Finished);

    public static ControlMethod<MigrationRequest, RecoveryReport> Migrate { get; } = Long("recovery.migrate", RecoveryJson.Default.MigrationRequest, RecoveryJson.Default.RecoveryReport);

    public static ControlMethod<PassedOn, Finished> Confirm { get; } = Long("recovery.confirm", RecoveryJson.Default.PassedOn, RecoveryJson.Default.Finished);

    public static ControlMethod<RecoverPassedOn, RecoverAnswer> Recover { get; } = Long("recovery.recover", RecoveryJson.Default.RecoverPassedOn, RecoveryJson.Default.RecoverAnswer);

    public static ControlMethod<PassedOn, RecoveryReport> Undo { get; } = Long("recovery.undo", RecoveryJson.Default.PassedOn, RecoveryJson.Default.RecoveryReport);

    // The work behind it has deadlines on progress of its own; a dead peer is noticed by its silence.
    private static ControlMethod<TRequest, TResponse> Long<TRequest, TResponse>(
        string name, System.Text.Json.Serialization.Metadata.JsonTypeInfo<TRequest> request, System.Text.Json.Serialization.Metadata.JsonTypeInfo<TResponse> response) =>
        new(name, request, response) { Timeout = Timeout.InfiniteTimeSpan };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(MachineQuestion))]
[JsonSerializable(typeof(PowerAnswer))]
[JsonSerializable(typeof(StopAnswer))]
[JsonSerializable(typeof(PrepareRequest))]
[JsonSerializable(typeof(PrepareAnswer))]
[JsonSerializable(typeof(TakeRequest))]
[JsonSerializable(typeof(TakeAnswer))]
[JsonSerializable(typeof(WinRequest))]
[JsonSerializable(typeof(OwnershipNews))]
[JsonSerializable(typeof(PassedOn))]
[JsonSerializable(typeof(Finished))]
[JsonSerializable(typeof(MigrationRequest))]
[JsonSerializable(typeof(RecoveryReport))]
[JsonSerializable(typeof(RecoverPassedOn))]
[JsonSerializable(typeof(RecoverAnswer))]
internal sealed partial class RecoveryJson : JsonSerializerContext;
