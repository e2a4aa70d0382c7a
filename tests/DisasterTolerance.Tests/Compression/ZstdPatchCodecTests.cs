using System.Buffers.Binary;

namespace DisasterTolerance.Compression;

public sealed class ZstdPatchCodecTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2048, 2048)]
    [InlineData(4096, 65536)]
    [InlineData(65536, 4096)]
    [InlineData(65536, 65536)]
    [InlineData(1 << 20, 1 << 20)]
    public void TryDecompress_WhatWasCompressedAgainstAPrefix_ComesBack(int length, int prefixLength)
    {
        var prefix = Random(1, prefixLength);
        var raw = Random(2, length);
        prefix.AsSpan(0, Math.Min(length, prefixLength)).CopyTo(raw);
        raw[length / 2] ^= 1;
        var stored = new byte[length + 1024];
        var back = new byte[length];

        Assert.True(ZstdPatchCodec.TryCompress(raw, prefix, stored, out var written));
        Assert.True(ZstdPatchCodec.TryDecompress(stored.AsSpan(0, written), prefix, back));
        Assert.Equal(raw, back);
    }

    [Fact]
    public void TryCompress_OneByteChangedInAMegabyte_NeedsNextToNothing()
    {
        var prefix = Random(1, 1 << 20);
        var raw = (byte[])prefix.Clone();
        raw[^1] ^= 1;

        Assert.True(ZstdPatchCodec.TryCompress(raw, prefix, new byte[4096], out var written));
        Assert.InRange(written, 1, 200);
    }

    [Fact]
    public void TryCompress_ThatDoesNotFit_IsRefusedAndTheContextStaysGood()
    {
        var prefix = Random(1, 65536);
        var raw = Random(2, 65536);
        var same = (byte[])prefix.Clone();
        var room = new byte[1000];
        Array.Fill(room, (byte)0xcc);

        for (var i = 0; i < 100; i++)
        {
            Assert.False(ZstdPatchCodec.TryCompress(raw, prefix, room.AsSpan(0, 900), out _));
            Assert.True(ZstdPatchCodec.TryCompress(same, prefix, room.AsSpan(0, 900), out var written));
            Assert.InRange(written, 1, 100);
        }

        Assert.All(room[900..], b => Assert.Equal(0xcc, b));
    }

    [Fact]
    public void TryDecompress_PrefixThatLooksLikeADictionary_IsTakenAsContent()
    {
        var prefix = Random(1, 65536);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix, 0xEC30A437);
        var stored = new byte[65536];
        var back = new byte[65536];

        Assert.True(ZstdPatchCodec.TryCompress((byte[])prefix.Clone(), prefix, stored, out var written));
        Assert.True(ZstdPatchCodec.TryDecompress(stored.AsSpan(0, written), prefix, back));
        Assert.Equal(prefix, back);
    }

    [Fact]
    public void TryDecompress_HostileInput_NeverWritesBeyondTheDestination()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var prefix = Random(1, 8192);
        var raw = (byte[])prefix.Clone();
        random.NextBytes(raw.AsSpan(1000, 500));
        var stored = new byte[16384];
        Assert.True(ZstdPatchCodec.TryCompress(raw, prefix, stored, out var written));
        var guarded = new byte[8192 + 64];
        for (var i = 0; i < 20_000; i++)
        {
            var bad = stored.AsSpan(0, random.Next(1, written + 1)).ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            guarded.AsSpan(8192).Fill(0xcc);
            ZstdPatchCodec.TryDecompress(bad, prefix.AsSpan(0, random.Next(1, 8193)), guarded.AsSpan(0, random.Next(8193)));
            Assert.True(guarded.AsSpan(8192).IndexOfAnyExcept((byte)0xcc) < 0, $"Seed {seed}, round {i}: written beyond the end.");
        }
    }

    [Fact]
    public void TryDecompress_OtherLengthThanStated_IsRefused()
    {
        var prefix = Random(1, 4096);
        var stored = new byte[4096];
        Assert.True(ZstdPatchCodec.TryCompress((byte[])prefix.Clone(), prefix, stored, out var written));

        Assert.False(ZstdPatchCodec.TryDecompress(stored.AsSpan(0, written), prefix, new byte[4095]));
        Assert.False(ZstdPatchCodec.TryDecompress(stored.AsSpan(0, written), prefix, new byte[4097]));
        Assert.False(ZstdPatchCodec.TryDecompress([], prefix, new byte[4096]));
    }

    [Fact]
    public void TryCompressAndTryDecompress_SteadyPath_AllocateNothing()
    {
        var prefix = Random(1, 65536);
        var raw = (byte[])prefix.Clone();
        raw[30000] ^= 1;
        var stored = new byte[65536];
        var back = new byte[65536];
        Go();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            Go();
        }

        // Other tests may have taken the pooled contexts meanwhile: making one anew costs some hundred bytes.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4000);

        void Go()
        {
            ZstdPatchCodec.TryCompress(raw, prefix, stored, out var written);
            ZstdPatchCodec.TryDecompress(stored.AsSpan(0, written), prefix, back);
        }
    }

    private static byte[] Random(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
