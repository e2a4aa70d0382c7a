using System.Net.Http.Json;
using System.Text.Json.Nodes;
using DisasterTolerance.Compare.Subjects;
using DisasterTolerance.QuickStart.Disks;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.Compare.Product;

/// <summary>
/// Two SiteHost processes with a link over TLS on loopback, and a machine of the kind Images at one of them. With <paramref name="ships"/> false the second one is switched off before the first row, so
/// that a run ends when the point is durable in the local store.
/// </summary>
internal sealed class ProductSubject(SubjectSetting setting, bool ships) : ISubject
{
    private const string Plan = "compare";

    private static readonly Guid North = new("5ea15037-7a21-4233-8c69-b8112156c474");
    private static readonly Guid South = new("b62e7f1b-28c2-4fa7-9226-63231bbd84ea");
    private static readonly Guid Machine = new("d3514d6f-4b92-488e-8f33-6ae1ad7ce5ba");

    private SiteRun _north = null!;
    private SiteRun _south = null!;
    private PlanFacts _plan = null!;

    public string RestoredPath => Path.Combine(_south.Machines, _plan.SlaveSide.ToString(), "disk0.raw");

    public IReadOnlyDictionary<string, double> Parts { get; private set; } = new Dictionary<string, double>();

    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var ports = FreePorts.Take(4);
        _north = new SiteRun(setting.Processes, "north", North, ports[0], ports[1], Path.Combine(setting.Folder, "north"));
        _south = new SiteRun(setting.Processes, "south", South, ports[2], ports[3], Path.Combine(setting.Folder, "south"));
        var machine = Directory.CreateDirectory(Path.Combine(_north.Machines, "vm"));
        Hardlink(setting.Disk.Path, Path.Combine(machine.FullName, "disk0.raw"));
        MachineFolder.Create(machine.FullName, Machine, "vm", ["disk0.raw"]);
        await _north.KnowAsync(_south, cancellationToken);
        await _south.KnowAsync(_north, cancellationToken);
        await Task.WhenAll(_north.StartAsync(cancellationToken), _south.StartAsync(cancellationToken));
        await _north.Api.AddLinkAsync(_north.Site, _south.Site, cancellationToken);
        while (!await _north.Api.IsLinkUpAsync(cancellationToken) || !await _south.Api.IsLinkUpAsync(cancellationToken))
        {
            await Task.Delay(50, cancellationToken);
        }

        await _north.Api.AddPlanAsync(new PlanWish(Plan, North, South, Machine, "vm"), cancellationToken);
        _plan = (await _north.Api.FindPlanAsync(Plan, cancellationToken))!;
        while (await _south.Api.FindPlanAsync(Plan, cancellationToken) is null)
        {
            await Task.Delay(50, cancellationToken);
        }

        if (!ships)
        {
            await _south.StopAsync();
        }
    }

    public async Task BetweenAsync(Row row, CancellationToken cancellationToken)
    {
        // A failover is for a master that is lost.
        if (row == Row.Restore && ships)
        {
            await _north.StopAsync();
        }
    }

    public async Task RunAsync(Row row, CancellationToken cancellationToken)
    {
        Parts = new Dictionary<string, double>();
        switch (row)
        {
            case Row.Restore:
                await _south.Api.RecoverAtSlaveAsync(_plan, (await PointsAsync(_south, _plan.SlaveSide, cancellationToken))[0].Uuid.ToString(), cancellationToken);
                break;
            case Row.Differential:
                await RestoreInPlaceAsync((await PointsAsync(_north, _plan.MasterSide, cancellationToken))[1].Uuid, cancellationToken);
                break;
            case var _ when ships:
                await _north.Api.ExecuteAsync(_plan, North, migrate: false, cancellationToken);
                break;
            default:
                await CaptureOnlyAsync(cancellationToken);
                break;
        }
    }

    public long StoreBytes() => FolderSize.Of(Path.Combine((ships ? _south : _north).Data, "store"));

    public async ValueTask DisposeAsync()
    {
        await _north.StopAsync();
        await _south.StopAsync();
        _north.Dispose();
        _south.Dispose();
    }

    /// <summary>The seconds that the site itself tells of its last run.</summary>
    public async Task ReadPartsAsync(CancellationToken cancellationToken)
    {
        var runs = (await _north.Api.ReadMachineAsync(_plan.Machine, cancellationToken)).Runs;
        if (runs is [{ Kind: "run" } last, ..])
        {
            Parts = new Dictionary<string, double> { ["capture"] = Seconds(last, "captureTime"), ["ship"] = Seconds(last, "shipTime") };
        }
    }

    private static double Seconds(RunFacts run, string member) =>
        run.Report.TryGetProperty(member, out var value) && TimeSpan.TryParse(value.GetString(), System.Globalization.CultureInfo.InvariantCulture, out var time) ? time.TotalSeconds : 0;

    private Task<IReadOnlyList<PointFacts>> PointsAsync(SiteRun site, Guid side, CancellationToken cancellationToken) => site.Api.ListPointsAsync(_plan.Uuid, side, cancellationToken);

    // The run fails, because nothing can be shipped; the point is there all the same.
    private async Task CaptureOnlyAsync(CancellationToken cancellationToken)
    {
        var before = (await PointsAsync(_north, _plan.MasterSide, cancellationToken)).Count;
        try
        {
            await _north.Api.ExecuteAsync(_plan, North, migrate: false, cancellationToken);
        }
        catch (ApiException error) when (error.Scode is >= 1101 and <= 1199)
        {
            if ((await PointsAsync(_north, _plan.MasterSide, cancellationToken)).Count == before)
            {
                throw;
            }
        }
    }

    private async Task RestoreInPlaceAsync(Guid point, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["recover_vms"] = new JsonArray(new JsonObject
            {
                ["plan_uuid"] = _plan.Uuid, ["vm_uuid"] = _plan.MasterSide, ["vm_backup_uuid"] = point, ["startup_hosts"] = new JsonArray(),
            }),
        };
        using var response = await _north.Http.PostAsJsonAsync("/v1/disaster_tolerant_plan/mastercluster/backup/recovery", body, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        if (JsonNode.Parse(text)?["data"]?["fail"] is not { } failed || (int)failed != 0)
        {
            throw new InvalidOperationException($"The restore in place failed: {text}");
        }
    }

    private static void Hardlink(string from, string to)
    {
        if (NativeLink.Make(from, to) != 0)
        {
            throw new IOException($"'{to}' cannot be a link to '{from}'.");
        }
    }
}
