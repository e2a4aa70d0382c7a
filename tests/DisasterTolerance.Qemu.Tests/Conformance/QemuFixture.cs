using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Tests.Support;
using DisasterTolerance.Testing.Conformance;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Qemu.Tests.Conformance;

/// <summary>QEMU as the conformance kit sees it. Guests have no system: what they would write is written through QEMU.</summary>
internal sealed class QemuFixture(QemuDiskFormat format) : HypervisorFixture
{
    private readonly QemuFolder _folder = new(options => options.NewDiskFormat = format);
    private readonly ServedExports _exports = new();

    public override IHypervisorProvider Provider => _folder.Hypervisor;

    public override string KnownHost => "host-1";

    public override TimeSpan GracePeriod => TimeSpan.FromSeconds(1);

    public override long LengthMultiple => 512;

    public override async ValueTask<Guid> CreateMachineAsync(MachineDefinition definition, CancellationToken cancellationToken)
    {
        var machine = NewMachineId();
        await _folder.CreateAsync(
            new()
            {
                Uuid = machine,
                Name = definition.Name,
                Group = definition.Group,
                MemoryBytes = 64 << 20,
                Disks = [.. definition.Disks.Select(disk => new DiskEntry { Id = disk.Id, Path = disk.Id, Format = format, Kind = disk.Kind })],
            },
            definition.Disks.ToDictionary(disk => disk.Id, disk => disk.LengthBytes),
            cancellationToken);
        return machine;
    }

    public override async ValueTask WriteAsGuestAsync(Guid machine, string disk, long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var record = new MachineFolders(_folder.Path, null, NullLogger.Instance).Get(machine, cancellationToken);
        await GuestWriter.WriteAsync(_folder.Hypervisor, record, disk, offset, content, cancellationToken);
    }

    public override bool ServesExports => true;

    public override ValueTask<ServedExport> ServeExportAsync(long lengthBytes, CancellationToken cancellationToken) => new(_exports.Serve(lengthBytes));

    public override ValueTask<bool> ReopenAsync(CancellationToken cancellationToken)
    {
        _folder.Reopen();
        return new(true);
    }

    public override async ValueTask DisposeAsync()
    {
        await _folder.DisposeAsync();
        await _exports.DisposeAsync();
        await base.DisposeAsync();
    }
}
