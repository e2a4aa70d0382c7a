namespace DisasterTolerance.SiteHost.Audit;

/// <summary>Finds the end of a log of any length with few questions, because its sequence has no gaps.</summary>
internal static class AuditEnd
{
    /// <param name="isAfter">Whether an entry with a greater sequence exists.</param>
    /// <returns>The last sequence; 0 if there is none.</returns>
    public static async Task<long> FindAsync(Func<long, Task<bool>> isAfter)
    {
        long past = 1;
        while (await isAfter(past - 1))
        {
            past *= 2;
        }

        // The last one is at or after past / 2 and before past.
        long from = past / 2;
        while (past - from > 1)
        {
            var middle = from + ((past - from) / 2);
            if (await isAfter(middle - 1))
            {
                from = middle;
            }
            else
            {
                past = middle;
            }
        }

        return from;
    }
}
