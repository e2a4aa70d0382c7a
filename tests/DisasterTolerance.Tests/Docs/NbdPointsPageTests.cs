using DisasterTolerance.Exports;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Tests.Exports;
using DisasterTolerance.Tests.Recovery;

namespace DisasterTolerance.Tests.Docs;

/// <summary>The page about NBD shows an example of served points that is compiled and does what it says.</summary>
public sealed class NbdPointsPageTests
{
    [Fact]
    public void Page_PointExample_IsTheCompiledOne() =>
        CompiledExample.AssertShown(["tests", "DisasterTolerance.Tests", "Docs", "PointExample.cs"], "points", ["docs", "nbd.md"]);

    [Fact]
    public async Task PointExample_CapturedMachine_TellsWhereItsDisksAre()
    {
        var folder = Directory.CreateTempSubdirectory("pp");
        try
        {
            await using var site = await RestoreSite.StartAsync(new DiskDefinition("disk0", 100_000));
            var point = await site.CaptureAsync();
            await using var host = new ExportHost(new ExportOptions(), ExportPlaces.Of(new ExportOptions(), folder.FullName), site.Context);
            using var output = new StringWriter();
            var wasThere = false;

            await PointExample.ServeAsync(PointExportsTests.Service(site, host), RestoreSite.Machine.Uuid, () => Task.FromResult(wasThere = File.Exists(host.Places.Socket)), output);

            Assert.True(wasThere);
            Assert.StartsWith($"disk0: 100000 bytes of {point.Name} at nbd+unix:///", output.ToString(), StringComparison.Ordinal);
            Assert.EndsWith($"?socket={host.Places.Socket}{Environment.NewLine}", output.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(true);
        }
    }
}
