using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Links;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Tests.Links;

/// <summary>A peer of another release, or a hostile one, leaves members out, sends null, or sends lists of nulls: it is refused in words, and nothing is thrown but what says so.</summary>
public sealed class FactsShapeTests
{
    private static readonly Guid Here = Guid.NewGuid();
    private static readonly Guid There = Guid.NewGuid();
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    private static readonly PlanRow Plan = new()
    {
        Uuid = Guid.NewGuid(), Name = "p", Master = There, Slave = Here, Rpo = TimeSpan.FromHours(1), Interval = TimeSpan.FromMinutes(1), Retention = RetentionPolicy.Keep(3), Type = "hci",
        Created = Now, Modified = Now,
    };

    private static readonly MachineRow Row = new()
    {
        Uuid = Guid.NewGuid(), Plan = Plan.Uuid, Name = "vm", MasterUuid = Guid.NewGuid(), SlaveUuid = Guid.NewGuid(), Created = Now, Ownership = new Ownership(1, There, Now, Here), FactsVersion = 9,
        Forks = [new BranchFork(1, Guid.NewGuid(), 1, 1)], Guest = GuestFacts.None with { Ips = ["10.0.0.1"] }, Takeover = new Takeover(TakeoverKind.Failover, There, Guid.NewGuid(), Now),
        Conflict = new OwnershipConflict(new Ownership(1, There, Now), new Ownership(1, Here, Now), Now, "because"),
        Pending = new PendingWork(Guid.NewGuid(), WorkKind.Failover, "step", null, "", false, Now, "actor"),
    };

    private static readonly PointRow Point = new()
    {
        Uuid = Guid.NewGuid(), Site = There, Machine = Row.Uuid, Name = "DT-1", Began = Now, Committed = Now, Origin = There, Epoch = 1, Sequence = 1, Manifest = ContentHash.Of([1]),
        Consistency = SnapshotConsistency.Crash, FactsVersion = 9,
    };

    [Fact]
    public void Check_MachineFactsWithAnyMemberLeftOutOrNull_NeverThrows()
    {
        var facts = new MachineFacts(Guid.NewGuid(), true, Row, [Point], 1);
        Assert.Null(FactsRules.Check(facts, Row, Plan, There));
        AssertNeverThrows(facts, FactsMethods.Machine.Response, read => FactsRules.Check(read, Row, Plan, There));
    }

    [Fact]
    public void Check_PlanContentWithAnyMemberLeftOutOrNull_NeverThrows()
    {
        var content = new PlanContent(Plan, [MachineIdentity.Of(Row)], 1);
        Assert.Null(FactsRules.Check(content, Plan.Uuid, Here, There, new PlanLimits()));
        AssertNeverThrows(content, FactsMethods.Plan.Response, read => FactsRules.Check(read, Plan.Uuid, Here, There, new PlanLimits()));
    }

    [Fact]
    public void Check_LinksWithAnyMemberLeftOutOrNull_NeverThrows()
    {
        var link = new LinkRow { Uuid = Guid.NewGuid(), SideA = Here, SideAName = "a", SideB = There, SideBName = "b", Relation = ["a"], Created = Now, Modified = Now };
        Assert.Null(FactsRules.Check(link, Here, There));
        AssertNeverThrows(
            new FactsChanged(Guid.NewGuid(), [link], [], []),
            FactsMethods.Changed.Request,
            read => read.Links.Select(row => row is null ? "missing" : FactsRules.Check(row, Here, There)).FirstOrDefault(fault => fault is not null));
    }

    private static void AssertNeverThrows<T>(T value, JsonTypeInfo<T> type, Func<T, string?> check)
    {
        var whole = JsonSerializer.Serialize(value, type);
        var tried = 0;
        foreach (var change in Changes(JsonNode.Parse(whole)!, []))
        {
            var text = JsonNode.Parse(whole)!;
            change.Apply(text);
            T? read;
            try
            {
                read = JsonSerializer.Deserialize(text.ToJsonString(), type);
            }
            catch (JsonException)
            {
                continue;
            }

            tried++;
            var thrown = Record.Exception(() => check(read!));
            Assert.True(thrown is null, $"{change.Name}: {thrown}");
        }

        Assert.True(tried > 5, "hardly anything was tried");
    }

    private static IEnumerable<(string Name, Action<JsonNode> Apply)> Changes(JsonNode node, object[] path)
    {
        if (node is JsonObject members)
        {
            foreach (var (name, value) in members)
            {
                yield return ($"{string.Join('.', path)}.{name} left out", root => Find(root, path).AsObject().Remove(name));
                yield return ($"{string.Join('.', path)}.{name} null", root => Find(root, path)[name] = null);
                foreach (var deeper in value is null ? [] : Changes(value, [.. path, name]))
                {
                    yield return deeper;
                }
            }
        }
        else if (node is JsonArray { Count: > 0 } list)
        {
            yield return ($"{string.Join('.', path)} with a null", root => Find(root, path)[0] = null);
            foreach (var deeper in Changes(list[0]!, [.. path, 0]))
            {
                yield return deeper;
            }
        }
    }

    private static JsonNode Find(JsonNode root, object[] path) => path.Aggregate(root, (node, step) => step is int index ? node[index]! : node[(string)step]!);
}
