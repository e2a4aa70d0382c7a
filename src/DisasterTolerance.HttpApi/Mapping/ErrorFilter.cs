using DisasterTolerance.HttpApi.Requests;
using Microsoft.AspNetCore.Http;

namespace DisasterTolerance.HttpApi.Mapping;

/// <summary>Turns what a handler throws into the documented envelope.</summary>
internal static class ErrorFilter
{
    public static async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var keep200 = http.Options().ErrorsKeepStatus200;
        try
        {
            return await next(context);
        }
        catch (DisasterToleranceException error)
        {
            Log.Refused(http.Logger(), http.Request.Path, (int)error.Code, error.Message);
            return Answers.Error((int)error.Code, ErrorTable.Of(error.Code), error.Message, keep200);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to read an answer.
            return TypedResults.Empty;
        }
        catch (OperationCanceledException)
        {
            return Answers.Error(
                (int)ErrorCode.Cancelled,
                ErrorTable.Of(ErrorCode.Cancelled),
                "The site is stopping. Work that was under way is taken up again at the next start; ask 'state' then.",
                keep200);
        }
        catch (Exception error) when (error is not BadHttpRequestException)
        {
            Log.Unexpected(http.Logger(), error, http.Request.Path);
            return Answers.Error(ErrorTable.UnexpectedScode, ErrorTable.Unexpected, ErrorTable.UnexpectedDesc, keep200);
        }
    }
}
