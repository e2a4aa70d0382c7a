using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;

namespace DisasterTolerance.HttpApi.Mapping;

/// <summary>What a site knows beside a machine when its state is put into words. Immutable.</summary>
/// <param name="IsUnsure">Whether the site is unsure of its facts.</param>
/// <param name="DownSince">Since when linked sites do not answer; without those that do.</param>
/// <param name="ThisSite">The site that answers.</param>
/// <param name="Zone">The time zone of times.</param>
/// <param name="FindFailure">Why accepted work for a machine failed after all, or null.</param>
internal sealed record StateFacts(bool IsUnsure, IReadOnlyDictionary<Guid, DateTimeOffset> DownSince, Guid ThisSite, TimeZoneInfo Zone, Func<MachineRow, string?> FindFailure);

/// <summary>The <c>state</c> of a machine in Chinese: what happens to it, and the facts that lie over it. Pure.</summary>
internal static class StateTexts
{
    private const string Separator = "；";

    public static string Of(MachineView view, StateFacts facts) => string.Join(Separator, Parts(view, facts));

    private static IEnumerable<string> Parts(MachineView view, StateFacts facts)
    {
        yield return Of(view.Progress?.Procedure ?? view.Machine.Procedure);
        switch (view.Rpo)
        {
            case RpoState.Missed:
                yield return "未满足RPO";
                break;
            case RpoState.Unknown:
                yield return "RPO未知";
                break;
        }

        if (!view.Plan.Enabled || view.Plan.DisabledBecause.Length > 0)
        {
            yield return "计划已停用";
        }

        if (view.Machine.Paused)
        {
            yield return "已暂停";
        }

        if (view.PeerIsUp is false)
        {
            var peer = view.Plan.Master == facts.ThisSite ? view.Plan.Slave : view.Plan.Master;
            yield return facts.DownSince.TryGetValue(peer, out var since) ? $"对端站点不可达（自{PointTexts.Local(since, facts.Zone)}）" : "对端站点不可达";
        }

        if (facts.IsUnsure)
        {
            yield return "站点数据待确认";
        }
    }

    private static string Of(Procedure procedure) => procedure switch
    {
        Procedure.Normal => "正常",
        Procedure.Capturing => "备份中",
        Procedure.Shipping => "同步中",
        Procedure.Migrating => "迁移中",
        Procedure.Recovering => "恢复中",
        Procedure.AwaitingConfirmation => "待确认",
        Procedure.Failed => "失败",
        Procedure.Conflict => "冲突",
        _ => throw new ArgumentOutOfRangeException(nameof(procedure), procedure, null),
    };
}
