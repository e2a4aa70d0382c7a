using System.Text.Json.Serialization;

namespace DisasterTolerance.Links;

/// <summary>What a side says first. Members may be added, never renamed or removed; unknown ones are ignored.</summary>
internal sealed record Hello
{
    /// <summary>Oldest version that the sender speaks.</summary>
    public required int MinVersion { get; init; }

    /// <summary>Newest version that the sender speaks. In a Welcome both are the version chosen.</summary>
    public required int MaxVersion { get; init; }

    /// <summary>The sender's site.</summary>
    public required Guid Site { get; init; }

    /// <summary>The sender's name, for people.</summary>
    public required string Name { get; init; }

    /// <summary><c>control</c>, <c>data</c> or <c>check</c>.</summary>
    public required string Role { get; init; }

    /// <summary>The ship session, on a data connection.</summary>
    public Guid? Session { get; init; }

    /// <summary>Made anew whenever the sender's process starts.</summary>
    public Guid Incarnation { get; init; }

    /// <summary>Grows with every connection that the sender dials in one incarnation.</summary>
    public long Sequence { get; init; }

    /// <summary>The sender's store.</summary>
    public Guid StoreId { get; init; }

    /// <summary>The generation of the sender's store.</summary>
    public long StoreGeneration { get; init; }

    /// <summary>The sender's catalog.</summary>
    public Guid CatalogId { get; init; }
}

/// <summary>An error as it travels.</summary>
/// <param name="Code">The number of an <see cref="ErrorCode"/>.</param>
/// <param name="Message">For people.</param>
/// <param name="Transient">Whether the same request may succeed later.</param>
internal sealed record ErrorBody(int Code, string Message, bool Transient);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Hello))]
[JsonSerializable(typeof(ErrorBody))]
internal sealed partial class LinkJson : JsonSerializerContext;
