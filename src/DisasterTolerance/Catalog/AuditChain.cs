using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace DisasterTolerance.Catalog;

/// <summary>The chain of hashes over the audit log: pure functions, used by every catalog alike. Thread-safe.</summary>
public static class AuditChain
{
    /// <summary>The hash before the first entry.</summary>
    public const string Origin = "0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>Gives an entry its place in the chain.</summary>
    /// <param name="entry">The entry; its sequence and hash are ignored.</param>
    /// <param name="lastSequence">Sequence of the entry before it; 0 for the first.</param>
    /// <param name="lastHash">Hash of the entry before it; <see cref="Origin"/> for the first.</param>
    public static AuditEntry Link(AuditEntry entry, long lastSequence, string lastHash)
    {
        var placed = entry with { Sequence = lastSequence + 1 };
        return placed with { Hash = HashOf(placed, lastHash) };
    }

    /// <summary>Checks consecutive entries.</summary>
    /// <param name="entries">Entries in order.</param>
    /// <param name="lastSequence">Sequence of the entry before the first of them.</param>
    /// <param name="lastHash">Hash of the entry before the first of them.</param>
    /// <returns>Sequence at which the chain is broken, or null if it is whole.</returns>
    public static long? FindBreak(IEnumerable<AuditEntry> entries, long lastSequence, string lastHash)
    {
        foreach (var entry in entries)
        {
            if (entry.Sequence != lastSequence + 1 || entry.Hash != HashOf(entry, lastHash))
            {
                return lastSequence + 1;
            }

            (lastSequence, lastHash) = (entry.Sequence, entry.Hash);
        }

        return null;
    }

    private static string HashOf(AuditEntry entry, string lastHash)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, lastHash);
        Append(hash, entry.Sequence);
        Append(hash, entry.At.ToUnixTimeMilliseconds());
        Append(hash, entry.Actor);
        Append(hash, entry.Action);
        Append(hash, entry.Target);
        Append(hash, (long)entry.Outcome);
        Append(hash, entry.Detail);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        hash.AppendData(bytes);
    }

    // The length goes first, so that text cannot move from one member to the next unseen.
    private static void Append(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Append(hash, (long)bytes.Length);
        hash.AppendData(bytes);
    }
}
