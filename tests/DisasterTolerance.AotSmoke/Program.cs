// A site with its catalog and the documented routes, as small as a host can be. A test publishes it as a native program and asks it.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Services
    .AddDisasterTolerance(site => (site.Uuid, site.Name, site.DataDirectory) = (new Guid("5ea15037-7a21-4233-8c69-b8112156c474"), "north", builder.Configuration["data"] ?? ""))
    .AddSqliteCatalog()
    .ConfigureLink(link => link.Listen = "127.0.0.1:0");
await using var app = builder.Build();
app.MapDisasterTolerance();
await app.StartAsync();
Console.WriteLine($"Site 'north' is ready: {string.Join(' ', app.Urls)}");
await app.WaitForShutdownAsync();
