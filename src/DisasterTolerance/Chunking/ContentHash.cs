using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace DisasterTolerance.Chunking;

/// <summary>
/// The SHA-256 of a record's raw content: its name in every store and on the wire. The default value (all zero bits) is the well-known name of content that is all zeros,
/// at every level of a tree; it has no record. Immutable.
/// As JSON it is its 64 hexadecimal digits.
/// </summary>
[JsonConverter(typeof(ContentHashJsonConverter))]
public readonly struct ContentHash : IEquatable<ContentHash>
{
    /// <summary>Bytes of a hash.</summary>
    public const int Length = 32;

    private readonly ulong _a, _b, _c, _d;

    /// <summary>Reads a hash from its 32 bytes.</summary>
    /// <param name="bytes">Exactly 32 bytes.</param>
    public ContentHash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
        {
            throw new ArgumentException("A content hash has 32 bytes.", nameof(bytes));
        }

        _a = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]);
    }

    /// <summary>The name of content that is all zeros.</summary>
    public static ContentHash Zero => default;

    /// <summary>Whether this names content that is all zeros.</summary>
    public bool IsZero => (_a | _b | _c | _d) == 0;

    /// <summary>Eight of its bytes, for sets that may err on the safe side.</summary>
    internal ulong Fingerprint => _c;

    /// <summary>The hash of some content. Content that is all zeros is the caller's to notice first.</summary>
    /// <param name="content">The raw content.</param>
    [SkipLocalsInit]
    public static ContentHash Of(ReadOnlySpan<byte> content)
    {
        Span<byte> bytes = stackalloc byte[Length];
        SHA256.HashData(content, bytes);
        return new ContentHash(bytes);
    }

    /// <summary>Reads 64 hexadecimal digits.</summary>
    /// <param name="hex">The digits, in either case.</param>
    /// <exception cref="FormatException">Not 64 hexadecimal digits.</exception>
    public static ContentHash Parse(string hex) => new(Convert.FromHexString(hex));

    /// <summary>Writes the 32 bytes.</summary>
    /// <param name="destination">At least 32 bytes.</param>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, _a);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], _d);
    }

    /// <inheritdoc/>
    public bool Equals(ContentHash other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ContentHash other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)_a ^ (int)(_b >> 32);

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    /// <summary>Whether two hashes are the same.</summary>
    public static bool operator ==(ContentHash left, ContentHash right) => left.Equals(right);

    /// <summary>Whether two hashes differ.</summary>
    public static bool operator !=(ContentHash left, ContentHash right) => !left.Equals(right);
}
