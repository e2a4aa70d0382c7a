using DisasterTolerance.Catalog;

namespace DisasterTolerance.Tests.Catalog;

public class AuditChainTests
{
    private static readonly DateTimeOffset _time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static TheoryData<string> Members => ["sequence", "time", "actor", "action", "target", "outcome", "detail", "hash"];

    [Fact]
    public void FindBreak_WholeChain_IsNull() => Assert.Null(AuditChain.FindBreak(Chain(5), 0, AuditChain.Origin));

    [Fact]
    public void FindBreak_NoEntries_IsNull() => Assert.Null(AuditChain.FindBreak([], 7, "any"));

    [Fact]
    public void FindBreak_RestOfChain_ContinuesFromTheEntryBefore()
    {
        var chain = Chain(5);
        Assert.Null(AuditChain.FindBreak(chain[2..], 2, chain[1].Hash));
        Assert.Equal(3, AuditChain.FindBreak(chain[2..], 2, chain[0].Hash));
    }

    [Theory]
    [MemberData(nameof(Members))]
    public void FindBreak_MemberChanged_NamesTheEntry(string member)
    {
        var chain = Chain(5);
        chain[2] = Changed(chain[2], member);
        Assert.Equal(3, AuditChain.FindBreak(chain, 0, AuditChain.Origin));
    }

    [Theory]
    [MemberData(nameof(Members))]
    public void FindBreak_MemberChangedAndHashRenewed_NamesTheNextEntry(string member)
    {
        if (member is "sequence" or "hash")
        {
            return;
        }

        // Whoever recomputes one hash breaks the link of the next entry.
        var chain = Chain(5);
        chain[2] = AuditChain.Link(Changed(chain[2], member), 2, chain[1].Hash);
        Assert.Equal(4, AuditChain.FindBreak(chain, 0, AuditChain.Origin));
    }

    [Fact]
    public void FindBreak_EntryTakenOut_NamesIt()
    {
        var chain = Chain(5).ToList();
        chain.RemoveAt(1);
        Assert.Equal(2, AuditChain.FindBreak(chain, 0, AuditChain.Origin));
    }

    [Fact]
    public void FindBreak_FirstEntryTakenOut_NamesIt() => Assert.Equal(1, AuditChain.FindBreak(Chain(5)[1..], 0, AuditChain.Origin));

    [Fact]
    public void FindBreak_EntriesSwapped_NamesTheFirst()
    {
        var chain = Chain(5);
        (chain[1], chain[2]) = (chain[2], chain[1]);
        Assert.Equal(2, AuditChain.FindBreak(chain, 0, AuditChain.Origin));
    }

    [Fact]
    public void Link_TextMovedBetweenMembers_ChangesTheHash()
    {
        var one = AuditChain.Link(Entry(1) with { Actor = "ab", Action = "c" }, 0, AuditChain.Origin);
        var two = AuditChain.Link(Entry(1) with { Actor = "a", Action = "bc" }, 0, AuditChain.Origin);
        Assert.NotEqual(one.Hash, two.Hash);
    }

    [Fact]
    public void Link_KnownEntry_HasTheHashOfAllReleases()
    {
        var entry = AuditChain.Link(new AuditEntry(0, _time, "actor", "plan.edit", "target", ErrorCode.Conflict, "détail", ""), 0, AuditChain.Origin);
        Assert.Equal(1, entry.Sequence);
        Assert.Equal("b3865aa0ac89413a1ef00232a666eda5fcbdc656c394812866e6646711262b3f", entry.Hash);
    }

    private static AuditEntry[] Chain(int count)
    {
        var chain = new AuditEntry[count];
        for (var index = 0; index < count; index++)
        {
            chain[index] = AuditChain.Link(Entry(index), index, index == 0 ? AuditChain.Origin : chain[index - 1].Hash);
        }

        return chain;
    }

    private static AuditEntry Entry(int number) => new(99, _time.AddSeconds(number), "actor", "action", "target", ErrorCode.NotFound, "detail", "no hash yet");

    private static AuditEntry Changed(AuditEntry entry, string member) => member switch
    {
        "sequence" => entry with { Sequence = entry.Sequence + 1 },
        "time" => entry with { At = entry.At.AddMilliseconds(1) },
        "actor" => entry with { Actor = "somebody else" },
        "action" => entry with { Action = "nothing" },
        "target" => entry with { Target = "" },
        "outcome" => entry with { Outcome = ErrorCode.None },
        "detail" => entry with { Detail = "detail " },
        _ => entry with { Hash = AuditChain.Origin },
    };
}
