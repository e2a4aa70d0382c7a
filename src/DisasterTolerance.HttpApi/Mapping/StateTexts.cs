using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;

namespace DisasterTolerance.HttpApi.Mapping;

/// <summary>The <c>state</c> of a machine in Chinese: what happens to it, and the facts that lie over it. Pure.</summary>
internal static class StateTexts
{
    private const string Separator = "；";

    public static string Of(MachineView view) => string.Join(Separator, Parts(view));

    private static IEnumerable<string> Parts(MachineView view)
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
            yield return "对端站点不可达";
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
