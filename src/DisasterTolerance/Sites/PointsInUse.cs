namespace DisasterTolerance.Sites;

/// <summary>The points that something in this process uses now, so that retention leaves them. Thread-safe.</summary>
internal sealed class PointsInUse
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, int> _users = [];

    /// <summary>The points in use.</summary>
    public IReadOnlyCollection<Guid> List()
    {
        lock (_gate)
        {
            return [.. _users.Keys];
        }
    }

    /// <summary>Uses a point until the result is disposed.</summary>
    public IDisposable Enter(Guid point)
    {
        lock (_gate)
        {
            _users[point] = _users.GetValueOrDefault(point) + 1;
        }

        return new Use(this, point);
    }

    private sealed class Use(PointsInUse owner, Guid point) : IDisposable
    {
        private bool _isOver;

        public void Dispose()
        {
            lock (owner._gate)
            {
                if (!_isOver && --owner._users[point] == 0)
                {
                    owner._users.Remove(point);
                }

                _isOver = true;
            }
        }
    }
}
