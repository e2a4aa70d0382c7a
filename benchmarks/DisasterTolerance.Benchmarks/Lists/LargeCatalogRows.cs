using System.Buffers.Binary;
using System.Globalization;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Benchmarks.Lists;

/// <summary>The rows of a large site: 1,000 plans of 20 machines with 100 points each in the stores of both sites. The same rows every time. Not thread-safe.</summary>
internal sealed class LargeCatalogRows
{
    public const int Plans = 1_000;
    public const int MachinesPerPlan = 20;
    public const int PointsPerMachine = 100;

    private const int Seed = 20261124;
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    private static readonly string[] Areas = ["finance", "sales", "logistics", "研发", "hr"];
    private static readonly string[] Roles = ["web", "db", "app", "cache", "mail"];
    private static readonly DateTimeOffset Begin = new(2026, 11, 20, 4, 0, 0, TimeSpan.Zero);

    private readonly Random _random = new(Seed);
    private readonly List<PlanRow> _plans = [];
    private readonly List<MachineRow> _machines = [];

    public LargeCatalogRows()
    {
        for (var number = 0; number < Plans; number++)
        {
            var plan = MakePlan(number);
            _plans.Add(plan);
            for (var place = 0; place < MachinesPerPlan; place++)
            {
                _machines.Add(MakeMachine(plan, place));
            }
        }
    }

    public static Guid Here { get; } = new("5ea15037-7a21-4233-8c69-b8112156c474");

    public static Guid There { get; } = new("b62e7f1b-28c2-4fa7-9226-63231bbd84ea");

    public static Guid Elsewhere { get; } = new("0f0c1d5e-6a57-4f0e-9c43-3a2d5f1f7f10");

    /// <summary>Shortly after the last point.</summary>
    public static DateTimeOffset Now { get; } = Begin + (Interval * PointsPerMachine);

    public IReadOnlyList<PlanRow> AllPlans => _plans;

    public IReadOnlyList<MachineRow> AllMachines => _machines;

    /// <summary>The points in the order in which a site comes to know them: run after run, so that the points of one machine lie far apart in the file.</summary>
    public IEnumerable<PointRow> AllPoints()
    {
        for (var run = 0; run < PointsPerMachine; run++)
        {
            for (var number = 0; number < _machines.Count; number++)
            {
                var (machine, plan) = (_machines[number], _plans[number / MachinesPerPlan]);
                var made = MakePoint(machine, number, run);
                yield return made with { Site = plan.Master };
                yield return made with { Site = plan.Slave, ChangeTokens = new Dictionary<string, string>() };
            }
        }
    }

    private PlanRow MakePlan(int number)
    {
        // Most plans protect this site's machines, some those of the other one; a few have a third site.
        var (master, slave) = (number % 10) switch { < 6 => (Here, There), < 9 => (There, Here), _ => (Here, Elsewhere) };
        return new PlanRow
        {
            Uuid = NewId(),
            Name = string.Create(CultureInfo.InvariantCulture, $"{Areas[number % Areas.Length]} hourly {number:d4}"),
            Master = master,
            Slave = slave,
            Rpo = TimeSpan.FromHours(2),
            Interval = Interval,
            Retention = RetentionPolicy.Keep(PointsPerMachine),
            Type = number % 4 == 0 ? "vsphere" : "hci",
            Created = Begin - TimeSpan.FromDays(30) + TimeSpan.FromMinutes(number),
            Modified = Begin,
        };
    }

    private MachineRow MakeMachine(PlanRow plan, int place)
    {
        var number = _machines.Count;
        var name = string.Create(CultureInfo.InvariantCulture, $"{Roles[number % Roles.Length]}-{(number % 3 == 0 ? "prod" : "test")}-{number:d5}");
        var last = Begin + (Interval * (PointsPerMachine - 1)) + Phase(number);
        var held = new HoldingFacts(_random.NextInt64(1L << 30, 1L << 38), PointsPerMachine, NameOf(last), last, last + TimeSpan.FromSeconds(90), last + TimeSpan.FromSeconds(100));
        return new MachineRow
        {
            Uuid = NewId(),
            Plan = plan.Uuid,
            Name = name,
            MasterUuid = NewId(),
            SlaveUuid = NewId(),
            Priority = (RecoveryPriority)(number % 3),
            Created = plan.Created + TimeSpan.FromSeconds(place),
            Ownership = new Ownership(1, number % 50 == 0 ? plan.Slave : plan.Master, plan.Created),
            ProcedureSince = last,
            ChunkSize = 65_536,
            FanOut = 256,
            LastSequence = PointsPerMachine,
            NextRun = last + Interval,
            LastRunStarted = last,
            LastRunDuration = TimeSpan.FromSeconds(95.5),
            Guest = new GuestFacts(name, PowerState.On, [$"10.0.{number >> 8}.{number & 255}"], "production", "/production/" + plan.Name, "zone-1", false, last),
            Own = held,
            Peer = held,
            FactsVersion = PointsPerMachine,
            PeerFactsVersion = PointsPerMachine,
            PeerCatalog = Elsewhere,
        };
    }

    private PointRow MakePoint(MachineRow machine, int number, int run)
    {
        var began = Begin + (Interval * run) + Phase(number);
        var ordinal = ((long)run * _machines.Count) + number;
        return new PointRow
        {
            Uuid = PointId(ordinal),
            Site = default,
            Machine = machine.Uuid,
            Name = NameOf(began),
            Began = began,
            Committed = began + TimeSpan.FromSeconds(90),
            Origin = machine.Ownership.Owner,
            Epoch = 1,
            Sequence = run + 1,
            Parent = run == 0 ? null : PointId(ordinal - _machines.Count),
            Manifest = ContentHash.Of(BitConverter.GetBytes(ordinal)),
            Consistency = SnapshotConsistency.Crash,
            DiskBytes = 40L << 30,
            AddedBytes = _random.NextInt64(1L << 20, 1L << 30),
            ChangeTokens = new Dictionary<string, string> { ["disk-0"] = string.Create(CultureInfo.InvariantCulture, $"{ordinal:x16}/4") },
            FactsVersion = run + 1,
        };
    }

    // Machines run one after the other within the interval.
    private static TimeSpan Phase(int number) => Interval * number / (Plans * MachinesPerPlan);

    private static string NameOf(DateTimeOffset began) => string.Create(CultureInfo.InvariantCulture, $"DT-{began.ToUnixTimeSeconds()}");

    // No list looks at a point's uuid; uuids that grow make the file much sooner.
    private static Guid PointId(long ordinal)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, ordinal + 1);
        return new Guid(bytes, bigEndian: true);
    }

    private Guid NewId()
    {
        Span<byte> bytes = stackalloc byte[16];
        _random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
