using System.Globalization;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.HttpApi.Mapping;

/// <summary>The description of a recovery point in the reference's words. Pure.</summary>
internal static class PointTexts
{
    public static string Of(PointRow point, TimeZoneInfo zone)
    {
        var began = Local(point.Began, zone);
        var text = point.Kind switch
        {
            PointKind.Regular => $"该快照为异地容灾备份于{began}自动创建",
            PointKind.Safety => $"该快照为恢复前的保护快照于{began}自动创建",
            PointKind.Residual => $"该快照为站点切换后的残留快照于{began}自动创建",
            PointKind.Undone => $"该快照为撤销迁移前的快照于{began}自动创建",
            _ => throw new ArgumentOutOfRangeException(nameof(point), point.Kind, null),
        };
        return point.Damage.Length == 0 ? text : $"{text}（已损坏）";
    }

    /// <summary>A time as the reference writes it.</summary>
    public static string Local(DateTimeOffset time, TimeZoneInfo zone) => TimeZoneInfo.ConvertTime(time, zone).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
