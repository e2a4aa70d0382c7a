namespace DisasterTolerance.SiteHost.Access;

/// <summary>Why this host did not let a request through. Immutable.</summary>
/// <param name="HttpStatus">The HTTP status.</param>
/// <param name="English">For people.</param>
/// <param name="Chinese">The same in Chinese.</param>
internal sealed record Refusal(int HttpStatus, string English, string Chinese)
{
    /// <summary>Codes of the host itself, apart from those of the routes.</summary>
    private const int FirstScode = 2000;

    public static readonly Refusal ForeignHost = new(StatusCodes.Status400BadRequest, "The host name is not one of this host's", "不接受该主机名的请求");
    public static readonly Refusal NoKey = new(StatusCodes.Status401Unauthorized, "The request carries no valid key", "请求未携带有效密钥");
    public static readonly Refusal ForeignOrigin = new(StatusCodes.Status403Forbidden, "Web pages of this origin may not call", "不接受该来源的请求");
    public static readonly Refusal KeyMayOnlyRead = new(StatusCodes.Status403Forbidden, "The key allows reading only", "该密钥仅允许读取");
    public static readonly Refusal NotJson = new(StatusCodes.Status415UnsupportedMediaType, "The content type is not JSON", "请求内容类型不是 JSON");
    public static readonly Refusal TooManyKeys = new(StatusCodes.Status429TooManyRequests, "Too many wrong keys came from here", "错误密钥尝试次数过多");

    public int Scode => FirstScode + HttpStatus;

    /// <summary>Answers the request with the documented envelope.</summary>
    /// <param name="http">The request.</param>
    /// <param name="desc">What was refused, why, and what to do.</param>
    public Task WriteAsync(HttpContext http, string desc)
    {
        var status = new RefusalStatus(Scode, English, Chinese, null, desc, "");
        http.Response.StatusCode = HttpStatus;
        return http.Response.WriteAsJsonAsync(
            new RefusalEnvelope(English, Chinese, Scode, desc, null, new RefusalData(status)), RefusalJson.Readable.RefusalEnvelope, contentType: null, http.RequestAborted);
    }
}
