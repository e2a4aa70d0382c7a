using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Sites;

internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Information, "Site '{Name}' ({Uuid}) has started; peers reach it at {Address}")]
    public static partial void Started(ILogger logger, string name, Guid uuid, string address);

    [LoggerMessage(2001, LogLevel.Information, "Site '{Name}' has stopped")]
    public static partial void Stopped(ILogger logger, string name);

    [LoggerMessage(2002, LogLevel.Error, "Work that an earlier stop left could not be taken up; it is tried again when the sites meet")]
    public static partial void ResumeFailed(ILogger logger, Exception cause);

    [LoggerMessage(2003, LogLevel.Warning, "A step of the stop failed; the next start repairs what it left")]
    public static partial void StopStepFailed(ILogger logger, Exception cause);

    [LoggerMessage(2004, LogLevel.Warning, "The site is unsure: {Because}")]
    public static partial void Unsure(ILogger logger, string because);

    [LoggerMessage(2005, LogLevel.Debug, "Unfinished work was interrupted by the stop; the next start takes it up")]
    public static partial void ResumeCutShort(ILogger logger);

    [LoggerMessage(2006, LogLevel.Warning, "{Points} points that the store holds and the catalog had forgotten are listed again")]
    public static partial void PointsReturned(ILogger logger, int points);

    [LoggerMessage(2007, LogLevel.Information, "The store holds the manifest of point {Point} of machine {Machine}, which the catalog does not know, but lacks {Missing} of its records or more: it is left to the sweep")]
    public static partial void PointNotReturned(ILogger logger, string point, Guid machine, int missing);

    [LoggerMessage(2008, LogLevel.Warning, "The manifest {Manifest} in the store cannot be read; it is left out")]
    public static partial void ManifestUnreadable(ILogger logger, string manifest, Exception cause);

    [LoggerMessage(2009, LogLevel.Warning, "That the site is sure again could not be written down; a restart before the next stop makes it unsure once more")]
    public static partial void NotMarked(ILogger logger, Exception cause);
}
