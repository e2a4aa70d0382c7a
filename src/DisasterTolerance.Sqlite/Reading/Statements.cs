namespace DisasterTolerance.Sqlite.Reading;

/// <summary>The fixed statements that read.</summary>
internal static class Statements
{
    public const string Setting = "SELECT value FROM settings WHERE name = $name";
    public const string Plan = "SELECT body FROM plans WHERE uuid = $uuid";
    public const string Machine = "SELECT body FROM machines WHERE uuid = $uuid";

    public const string MachinesOfPlan = "SELECT body FROM machines INDEXED BY machines_by_plan WHERE plan = $plan AND hidden = 0 ORDER BY created DESC, uuid";

    public const string DueMachines =
        "SELECT body FROM machines INDEXED BY machines_due WHERE removed = 0 AND next_run IS NOT NULL AND next_run <= $until ORDER BY next_run, uuid LIMIT $limit";

    public const string NextDue = "SELECT next_run FROM machines INDEXED BY machines_due WHERE removed = 0 AND next_run IS NOT NULL ORDER BY next_run LIMIT 1";
    public const string Point = "SELECT body FROM points WHERE uuid = $uuid AND site = $site";

    public const string NewestPoint =
        "SELECT body FROM points INDEXED BY points_by_machine WHERE machine = $machine AND site = $site AND removed = 0 ORDER BY began DESC, sequence DESC, uuid LIMIT 1";

    public const string Points = "SELECT body, rowid FROM points NOT INDEXED WHERE rowid > $after AND site = $site AND removed = 0 ORDER BY rowid LIMIT $limit";
    public const string Links = "SELECT body FROM links INDEXED BY links_by_created ORDER BY created DESC, uuid";
    public const string Session = "SELECT body FROM sessions WHERE uuid = $uuid";
    public const string Sessions = "SELECT body FROM sessions INDEXED BY sessions_by_started ORDER BY started, uuid";
    public const string Runs = "SELECT body FROM runs INDEXED BY runs_by_machine WHERE machine = $machine ORDER BY started DESC, uuid LIMIT $limit";
    public const string Audit = "SELECT body FROM audit WHERE sequence > $after ORDER BY sequence LIMIT $limit";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Setting, Plan, Machine, MachinesOfPlan, DueMachines, NextDue, Point, NewestPoint, Points, Links, Session, Sessions, Runs, Audit];
}
