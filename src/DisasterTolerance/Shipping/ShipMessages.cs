using System.Text.Json.Serialization;
using DisasterTolerance.Links;

namespace DisasterTolerance.Shipping;

/// <summary>The sender wants to bring a point over.</summary>
/// <param name="Machine">Uuid of the protected object.</param>
/// <param name="Point">The point's uuid.</param>
/// <param name="Epoch">The sender's epoch number, so that a sender of the past is noticed at once.</param>
/// <param name="Manifest">The point's manifest, as it is stored.</param>
/// <param name="Bases">Points that the sender holds and thinks the receiver holds too, best first.</param>
internal sealed record ShipBegin(Guid Machine, Guid Point, long Epoch, byte[] Manifest, IReadOnlyList<Guid> Bases);

/// <summary>Where to begin.</summary>
/// <param name="AlreadyHeld">The receiver has the point; nothing is to be sent.</param>
/// <param name="Session">Id of the session, to be named when the data connection is opened.</param>
/// <param name="Base">The base that the receiver chose; null for none.</param>
/// <param name="Watermarks">Per disk of the manifest: positions before it are settled.</param>
internal sealed record ShipReady(bool AlreadyHeld, Guid Session, Guid? Base, IReadOnlyList<long> Watermarks);

/// <summary>The control methods of shipping.</summary>
internal static class ShipMethods
{
    public static ControlMethod<ShipBegin, ShipReady> Begin { get; } = new("ship.begin", ShipJson.Default.ShipBegin, ShipJson.Default.ShipReady);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ShipBegin))]
[JsonSerializable(typeof(ShipReady))]
internal sealed partial class ShipJson : JsonSerializerContext;
