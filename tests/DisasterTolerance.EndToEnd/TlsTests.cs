using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DisasterTolerance.EndToEnd;

/// <summary>An https address shows the configured certificate.</summary>
[Collection(nameof(WholeMachine))]
public sealed class TlsTests : IDisposable
{
    private readonly HostFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Https_CertificateAndKey_AreServed()
    {
        var thumbprint = await WriteCertificateAsync();
        var url = $"https://127.0.0.1:{_folder.Ports[0]}";
        using var host = HostProcess.Start([.. _folder.Arguments(url, _folder.Ports[1], "a"), "--Api:Certificate", _folder.File("cert.pem"), "--Api:CertificateKey", _folder.File("key.pem")]);
        await host.ReadUntilReadyAsync(Token);
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, shown, _, _) => shown?.Thumbprint == thumbprint };
        using var client = new HttpClient(handler);

        using var answer = await client.GetAsync(new Uri(url + "/v1/disaster_tolerant_plan/link/list"), Token);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetAsync(new Uri($"http://127.0.0.1:{_folder.Ports[0]}/healthz"), Token));
    }

    [Fact]
    public async Task Https_KeyOfAnotherCertificate_SaysSo()
    {
        await WriteCertificateAsync();
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await File.WriteAllTextAsync(_folder.File("key.pem"), other.ExportPkcs8PrivateKeyPem(), Token);

        await HostFolder.RefusedAsync(
            "key.pem",
            [.. _folder.Arguments("https://127.0.0.1:1", _folder.Ports[1], "a"), "--Api:Certificate", _folder.File("cert.pem"), "--Api:CertificateKey", _folder.File("key.pem")],
            Token);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<string> WriteCertificateAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=site.example", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        await File.WriteAllTextAsync(_folder.File("cert.pem"), certificate.ExportCertificatePem(), Token);
        await File.WriteAllTextAsync(_folder.File("key.pem"), key.ExportPkcs8PrivateKeyPem(), Token);
        return certificate.Thumbprint;
    }
}
