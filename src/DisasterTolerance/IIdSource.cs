namespace DisasterTolerance;

/// <summary>Where new uuids come from. One source for everything, so that a test can replay exact ids. Thread-safe.</summary>
public interface IIdSource
{
    /// <summary>A uuid that was never returned before and is not empty.</summary>
    Guid NewId();
}
