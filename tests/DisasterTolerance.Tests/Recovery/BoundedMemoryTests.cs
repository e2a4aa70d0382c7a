using DisasterTolerance.Recovery;

namespace DisasterTolerance.Tests.Recovery;

public sealed class BoundedMemoryTests
{
    [Fact]
    public async Task Write_UpToItsLimit_IsKept()
    {
        using var memory = new BoundedMemory(10);
        await memory.WriteAsync(new byte[6]);
        memory.Write([1, 2, 3, 4]);
        Assert.False(memory.IsOver);
        Assert.Equal([0, 0, 0, 0, 0, 0, 1, 2, 3, 4], memory.ToArray());
    }

    [Fact]
    public void Write_BeyondItsLimit_TakesNoMoreAndSaysSo()
    {
        using var memory = new BoundedMemory(10);
        memory.Write(new byte[6]);
        memory.Write(new byte[5]);
        memory.Write(new byte[1]);
        Assert.True(memory.IsOver);
        Assert.Equal(6, memory.ToArray().Length);
        memory.Clear();
        memory.Write(new byte[10]);
        Assert.False(memory.IsOver);
    }
}
