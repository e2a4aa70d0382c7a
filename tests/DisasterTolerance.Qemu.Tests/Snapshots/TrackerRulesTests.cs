using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Snapshots;

namespace DisasterTolerance.Qemu.Tests.Snapshots;

public sealed class TrackerRulesTests
{
    private static readonly Guid Plan = Guid.Parse("0f8c6f0e-6a2b-4f0a-9a52-3f2b1d2f9c11");

    [Fact]
    public void Judge_AllBitmapsThereAndTheLastRecording_AreUsable()
    {
        var verdict = TrackerRules.Judge(Tracker("a", "b"), Plan, [Bitmap("a", recording: false), Bitmap("b"), Bitmap("foreign")]);

        Assert.Equal(["a", "b"], verdict.Usable);
        Assert.Empty(verdict.Remove);
        Assert.Null(verdict.LostBecause);
    }

    [Theory]
    [InlineData("missing", "gone")]
    [InlineData("inconsistent", "inconsistent")]
    [InlineData("off", "switched off")]
    [InlineData("plan", "another plan")]
    public void Judge_SomethingWrong_IsUnknownAndOnlyOwnBitmapsGo(string wrong, string said)
    {
        var last = wrong switch
        {
            "inconsistent" => Bitmap("b", isInconsistent: true),
            "off" => Bitmap("b", recording: false),
            _ => Bitmap("b"),
        };

        var verdict = TrackerRules.Judge(
            Tracker("a", "b"), wrong == "plan" ? Guid.NewGuid() : Plan, wrong == "missing" ? [Bitmap("a", recording: false), Bitmap("foreign")] : [Bitmap("a", recording: false), last, Bitmap("foreign")]);

        Assert.Empty(verdict.Usable);
        Assert.Equal(wrong == "missing" ? ["a"] : ["a", "b"], verdict.Remove);
        Assert.Contains(said, verdict.LostBecause, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_NoTracker_SaysSo() => Assert.NotNull(TrackerRules.Judge(null, Plan, [Bitmap("foreign")]).LostBecause);

    [Fact]
    public void Rotate_WithBitmaps_BeginsTheNextBeforeTheSnapshotAndEndsTheLastAfterIt() => Assert.Equal(
        ["block-dirty-bitmap-add c", "begin ", "block-dirty-bitmap-disable b"],
        TrackerRules.Rotate("node", ["a", "b"], "c", true, TrackerRules.Action("begin", [])).Select(action => $"{action["type"]} {action["data"]!["name"]}"));

    [Theory]
    [InlineData(SnapshotOutcome.Abandoned, "a,b", "b", "a!", "a")]
    [InlineData(SnapshotOutcome.Abandoned, "a,b", "b", "a", null)]
    [InlineData(SnapshotOutcome.Abandoned, "a,b", "b", "a,b!", "a,b")]
    [InlineData(SnapshotOutcome.Abandoned, "b", "b", "", null)]
    [InlineData(SnapshotOutcome.Captured, "a,b", "b", "b!", "b")]
    [InlineData(SnapshotOutcome.Captured, "a,b", "b", "a", null)]
    [InlineData(SnapshotOutcome.Captured, "a,b,c", "b", "b", null)]
    public void Present_SomeAreMissing_KeepsThoseThatCount(SnapshotOutcome outcome, string journal, string own, string there, string? kept)
    {
        var present = Split(there).Select(name => Bitmap(name.TrimEnd('!'), recording: name.EndsWith('!'))).ToList();

        Assert.Equal(kept is null ? null : Split(kept), TrackerRules.Present(Split(journal), own, outcome, present));
    }

    [Theory]
    [InlineData(SnapshotOutcome.Captured, "a,b", "b", false, "remove a", "b")]
    [InlineData(SnapshotOutcome.Captured, "a,b,c", "b", false, "remove a", "b,c")]
    [InlineData(SnapshotOutcome.Captured, "a,b", "b", true, "", "a,b")]
    [InlineData(SnapshotOutcome.Abandoned, "a,b", "b", false, "enable a;merge b into a;remove b", "a")]
    [InlineData(SnapshotOutcome.Abandoned, "a,b,c", "b", true, "merge b into a;remove b", "a,c")]
    [InlineData(SnapshotOutcome.Abandoned, "a", "a", false, "remove a", "")]
    [InlineData(SnapshotOutcome.Abandoned, "a,b", "x", false, "", "a,b")]
    public void Settle_EachOutcome_LosesNoChange(SnapshotOutcome outcome, string bitmaps, string own, bool othersAreOpen, string actions, string left)
    {
        var (done, kept) = TrackerRules.Settle("node", Split(bitmaps), own, outcome, othersAreOpen);

        Assert.Equal(actions, string.Join(';', done.Select(Text)));
        Assert.Equal(Split(left), kept);
    }

    [Fact]
    public void Since_TokenOfABitmap_IsItAndAllBehindIt()
    {
        Assert.Equal(["b", "c"], TrackerRules.Since(["a", "b", "c"], "b"));
        Assert.Null(TrackerRules.Since(["a", "b"], "z"));
    }

    [Fact]
    public void Union_ExtentsThatTouchAndOverlap_AreJoined() => Assert.Equal(
        [new(0, 30, ExtentKind.Data), new(40, 10, ExtentKind.Data)],
        ExtentUnion.Of([new(40, 10, ExtentKind.Data), new(10, 20, ExtentKind.Data), new(0, 10, ExtentKind.Data), new(5, 3, ExtentKind.Data)]));

    private static string Text(System.Text.Json.Nodes.JsonObject action)
    {
        var data = action["data"]!;
        return $"{action["type"]!.ToString()["block-dirty-bitmap-".Length..]} {(data["target"] is { } target ? $"{data["bitmaps"]![0]} into {target}" : data["name"])}";
    }

    private static string[] Split(string names) => names.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static TrackerEntry Tracker(params string[] bitmaps) => new() { Plan = Plan, Bitmaps = [.. bitmaps] };

    private static BitmapFacts Bitmap(string name, bool recording = true, bool isInconsistent = false) => new(name, recording, isInconsistent, true);
}
