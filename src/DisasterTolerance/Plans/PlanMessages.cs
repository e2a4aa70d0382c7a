using System.Text.Json.Serialization;
using DisasterTolerance.Links;

namespace DisasterTolerance.Plans;

/// <summary>An edit that is passed on to the site that has the say.</summary>
/// <param name="Plan">The plan's uuid.</param>
/// <param name="Edit">What changes.</param>
internal sealed record ForwardedEdit(Guid Plan, PlanEdit Edit);

/// <summary>A deletion that is passed on.</summary>
/// <param name="Plan">The plan's uuid.</param>
/// <param name="Actor">Who asks.</param>
internal sealed record ForwardedDelete(Guid Plan, string Actor);

/// <summary>A pause, or its end, that is passed on to the machine's owner.</summary>
/// <param name="Machine">Uuid of the protected object.</param>
/// <param name="Paused">Whether it shall be paused.</param>
/// <param name="Actor">Who asks.</param>
internal sealed record ForwardedPause(Guid Machine, bool Paused, string Actor);

/// <summary>It was done.</summary>
/// <param name="Uuid">The object concerned.</param>
internal sealed record Done(Guid Uuid);

/// <summary>The control methods of plans.</summary>
internal static class PlanMethods
{
    public static ControlMethod<PlanSpecification, Done> Add { get; } = new("plan.add", PlanJson.Default.PlanSpecification, PlanJson.Default.Done);

    public static ControlMethod<ForwardedEdit, Done> Edit { get; } = new("plan.edit", PlanJson.Default.ForwardedEdit, PlanJson.Default.Done);

    public static ControlMethod<ForwardedDelete, Done> Delete { get; } = new("plan.delete", PlanJson.Default.ForwardedDelete, PlanJson.Default.Done);

    public static ControlMethod<ForwardedPause, Done> Pause { get; } = new("machine.pause", PlanJson.Default.ForwardedPause, PlanJson.Default.Done);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PlanSpecification))]
[JsonSerializable(typeof(ForwardedEdit))]
[JsonSerializable(typeof(ForwardedDelete))]
[JsonSerializable(typeof(ForwardedPause))]
[JsonSerializable(typeof(Done))]
internal sealed partial class PlanJson : JsonSerializerContext;
