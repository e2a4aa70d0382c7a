using System.Text;
using System.Text.Json;
using DisasterTolerance.Qemu.Qmp;

namespace DisasterTolerance.Qemu.Tests.Qmp;

public sealed class QmpMessageTests
{
    private const int Rounds = 20_000;

    [Theory]
    [InlineData("{\"QMP\":{\"version\":{}}}", QmpMessageKind.Greeting, 0)]
    [InlineData("{\"return\":{},\"id\":7}", QmpMessageKind.Result, 7)]
    [InlineData("{\"error\":{\"class\":\"GenericError\",\"desc\":\"no\"},\"id\":8}\r", QmpMessageKind.Error, 8)]
    [InlineData("{\"event\":\"STOP\",\"timestamp\":{}}", QmpMessageKind.Event, 0)]
    [InlineData("{\"return\":{},\"id\":\"text\"}", QmpMessageKind.Result, -1)]
    [InlineData("{\"something\":1}", QmpMessageKind.Unknown, -1)]
    internal void Parse_EachKind_IsTold(string line, QmpMessageKind kind, long id)
    {
        var message = QmpMessage.Parse(Encoding.UTF8.GetBytes(line));

        Assert.Equal((kind, id), (message.Kind, message.Id));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("\"text\"")]
    public void Parse_NoObject_IsRefused(string line) => Assert.ThrowsAny<JsonException>(() => QmpMessage.Parse(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void Parse_RandomBytes_IsAMessageOrRefused()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var good = Encoding.UTF8.GetBytes("{\"return\":{\"a\":[1,2,{\"b\":\"c\"}]},\"id\":7}");
        var refused = 0;
        for (var i = 0; i < Rounds; i++)
        {
            var line = (byte[])good.Clone();
            for (var change = random.Next(1, 5); change > 0; change--)
            {
                line[random.Next(line.Length)] = (byte)random.Next(256);
            }

            try
            {
                QmpMessage.Parse(line.AsSpan(0, random.Next(line.Length + 1)));
            }
            catch (JsonException)
            {
                refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}: {e}");
            }
        }

        Assert.InRange(refused, 1, Rounds - 1);
    }
}
