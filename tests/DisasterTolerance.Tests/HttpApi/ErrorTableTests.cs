using DisasterTolerance.HttpApi.Mapping;

namespace DisasterTolerance.Tests.HttpApi;

public class ErrorTableTests
{
    [Fact]
    public void Of_EveryCode_HasItsOwnTextsAndAStatus()
    {
        var texts = Enum.GetValues<ErrorCode>().Select(code => (Code: code, Text: ErrorTable.Of(code))).ToList();

        Assert.All(texts, one => Assert.NotSame(ErrorTable.Unexpected, one.Text));
        Assert.All(texts, one => Assert.Contains(one.Text.HttpStatus, one.Code == ErrorCode.None ? [200] : (int[])[400, 404, 409, 503]));
        Assert.Equal(texts.Count, texts.Select(one => one.Text.English).Distinct().Count());
        Assert.Equal(texts.Count, texts.Select(one => one.Text.Chinese).Distinct().Count());
        Assert.All(texts, one => Assert.Contains(one.Text.Chinese, c => c >= 0x4E00));
    }

    [Fact]
    public void Of_UnknownCode_IsUnexpected() => Assert.Same(ErrorTable.Unexpected, ErrorTable.Of((ErrorCode)999));
}
