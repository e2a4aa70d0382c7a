using System.Text;
using BenchmarkDotNet.Attributes;

namespace DisasterTolerance.Benchmarks.Lists;

/// <summary>The same pages through the HTTP routes: a request in, the whole response out, without a network.</summary>
[Config(typeof(OneCore))]
[MemoryDiagnoser]
public class ListRouteBenchmarks
{
    private readonly byte[] _buffer = new byte[16_384];
    private ListSite _site = null!;

    [Params("list", "state", "mastercluster/backup/list", "slavecluster/backup/list")]
    public string Route { get; set; } = "";

    [GlobalSetup]
    public async Task Setup()
    {
        OneCore.Check();
        _site = await ListSite.OpenAsync(await LargeCatalog.GetAsync());
    }

    [GlobalCleanup]
    public async Task Cleanup() => await _site.DisposeAsync();

    [Benchmark]
    public Task<int> First() => PostAsync("""{"number":50}""");

    [Benchmark]
    public Task<int> Deep() => PostAsync("""{"number":50,"page":15}""");

    [Benchmark]
    public Task<int> FuzzyMany() => PostAsync("""{"number":50,"fuzzy":"Finance"}""");

    [Benchmark]
    public Task<int> FuzzyNone() => PostAsync("""{"number":50,"fuzzy":"no such name"}""");

    private async Task<int> PostAsync(string request)
    {
        using var content = new StringContent(request, Encoding.UTF8, "application/json");
        using var message = new HttpRequestMessage(HttpMethod.Post, "/v1/disaster_tolerant_plan/" + Route) { Content = content };
        using var response = await _site.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        return await CountAsync(await response.Content.ReadAsStreamAsync());
    }

    // What the client would do with the answer is not measured.
    private async Task<int> CountAsync(Stream stream)
    {
        var count = 0;
        while (await stream.ReadAsync(_buffer) is > 0 and var read)
        {
            count += read;
        }

        return count;
    }
}
