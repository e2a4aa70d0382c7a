using Microsoft.Extensions.Hosting;

namespace DisasterTolerance.Sites;

/// <summary>Lets a generic host start and stop the site.</summary>
internal sealed class SiteHostedService(IDisasterToleranceSite site) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => site.StartAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => site.StopAsync(cancellationToken);
}
