using System.Runtime.CompilerServices;

namespace DisasterTolerance.Simulation.World;

/// <summary>
/// The thread pool of this process when it has exactly one thread: then everything in a simulated world runs one after the other in the order in which it was queued, and "nothing moves any more" is
/// known for certain by whoever runs on that thread.
/// </summary>
internal static class OneThread
{
    private const int MostRounds = 2_000_000;

    /// <summary>What the environment has to say before the process starts, so that the pool may be limited to one thread.</summary>
    public static (string Name, string Value) Environment { get; } = ("DOTNET_PROCESSOR_COUNT", "1");

    /// <summary>Limits the pool; false if the process was started without <see cref="Environment"/>.</summary>
    public static bool TryLimit() => ThreadPool.SetMinThreads(1, 1) && ThreadPool.SetMaxThreads(1, 1);

    /// <summary>Waits on the pool's thread until nothing else wants it.</summary>
    public static async Task SettleAsync()
    {
        for (var rounds = 0; rounds < MostRounds; rounds++)
        {
            await default(Behind);
            if (ThreadPool.PendingWorkItemCount == 0)
            {
                return;
            }
        }

        throw new TimeoutException($"The world does not come to rest at one instant: after {MostRounds} rounds {ThreadPool.PendingWorkItemCount} items wait.");
    }

    /// <summary>Goes on behind everything that is queued now.</summary>
    private readonly struct Behind : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public Behind GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
    }
}
