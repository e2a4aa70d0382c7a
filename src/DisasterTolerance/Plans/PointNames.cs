using System.Globalization;

namespace DisasterTolerance.Plans;

/// <summary>Names of recovery points.</summary>
internal static class PointNames
{
    public const string Prefix = "DT-";

    /// <summary>The name of a point: <c>DT-</c> and the unix second at which its capture began, or the next free second.</summary>
    /// <param name="began">When the capture began.</param>
    /// <param name="taken">Names that points of the machine have, at either site; removed ones may be left out.</param>
    public static string For(DateTimeOffset began, IReadOnlySet<string> taken)
    {
        for (var second = began.ToUnixTimeSeconds(); ; second++)
        {
            var name = Prefix + second.ToString(CultureInfo.InvariantCulture);
            if (!taken.Contains(name))
            {
                return name;
            }
        }
    }
}
