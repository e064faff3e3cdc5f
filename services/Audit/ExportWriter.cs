using System.Buffers;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf;
using Grpc.Core;

namespace AgentPlatform.Audit;

/// <summary>Streams an export in pieces: docs/audit-format.md.</summary>
public sealed class ExportWriter(ChainReader chains, SigningKeys keys, Database database)
{
    private const int PieceEntries = 1_000;
    private const int PieceBytes = 256 * 1024;

    /// <summary>Streams all entries recorded from one time to another, either of which may be open; gives back how many.</summary>
    public async Task<long> RunAsync(
        DateTimeOffset? start, DateTimeOffset? end, ExportFormat format, IServerStreamWriter<ExportEntriesResponse> output, ServerCallContext context)
    {
        var isCsv = format == ExportFormat.Csv;
        var range = new EntryExport.Range(AuditRecord.TextOf(database.Now), start is { } s ? AuditRecord.TextOf(s) : "", end is { } e ? AuditRecord.TextOf(e) : "");
        var buffer = new ArrayBufferWriter<byte>(PieceBytes);
        var parts = new List<EntryExport.Part>();
        var count = 0L;
        if (isCsv)
            EntryExport.CsvHeader(buffer);
        else
            EntryExport.Header(buffer, range);
        foreach (var (shard, head) in await chains.ShardsAsync(context))
        {
            var (after, upTo) = await RangeAsync(shard, head, start, end, !isCsv, context);
            if (await ShardAsync(shard, after, upTo, isCsv, buffer, output, context) is not { } part)
                continue;
            parts.Add(part);
            count += part.Last - part.First + 1;
        }
        if (!isCsv)
            EntryExport.End(buffer, range, parts, keys);
        await SendAsync(buffer, output, least: 1);
        return count;
    }

    private async Task<EntryExport.Part?> ShardAsync(int shard, long after, long upTo, bool isCsv, ArrayBufferWriter<byte> buffer,
        IServerStreamWriter<ExportEntriesResponse> output, ServerCallContext context)
    {
        var (first, last) = ((AuditRecord?)null, (AuditRecord?)null);
        while (after < upTo)
        {
            var piece = await chains.EntriesAsync(shard, after, upTo, PieceEntries, context);
            if (piece.Count == 0)
                break;
            var checkpoints = isCsv ? [] : await chains.CheckpointsAsync(shard, piece[0].Position, piece[^1].Position, PieceEntries + 1, context);
            var byPosition = checkpoints.ToDictionary(c => c.Position);
            foreach (var entry in piece)
            {
                if (isCsv)
                    EntryExport.CsvEntry(buffer, entry);
                else
                    EntryExport.Entry(buffer, entry);
                if (byPosition.TryGetValue(entry.Position, out var checkpoint))
                    EntryExport.Checkpoint(buffer, checkpoint);
                await SendAsync(buffer, output, PieceBytes / 2);
            }
            (first, last, after) = (first ?? piece[0], piece[^1], piece[^1].Position);
        }
        return first is null || last is null ? null : new EntryExport.Part(shard, first.Position, last.Position, last.Hash);
    }

    // Rounded up to the next checkpoint, so that all of it is under a signature.
    private async Task<(long After, long UpTo)> RangeAsync(
        int shard, long head, DateTimeOffset? start, DateTimeOffset? end, bool toCheckpoint, ServerCallContext context)
    {
        var first = start is { } from ? await chains.FirstSinceAsync(shard, from, context) : 1;
        var last = end is { } to ? await chains.LastBeforeAsync(shard, to, context) : head;
        if (first == 0 || last < first)
            return (0, 0);
        if (toCheckpoint && end is not null && await chains.CheckpointsAsync(shard, last, long.MaxValue, 1, context) is [var covering])
            last = covering.Position;
        return (first - 1, last);
    }

    private static async Task SendAsync(ArrayBufferWriter<byte> buffer, IServerStreamWriter<ExportEntriesResponse> output, int least)
    {
        if (buffer.WrittenCount < least)
            return;
        for (var sent = 0; sent < buffer.WrittenCount; sent += PieceBytes)
        {
            var piece = buffer.WrittenMemory[sent..Math.Min(buffer.WrittenCount, sent + PieceBytes)];
            await output.WriteAsync(new ExportEntriesResponse { Data = ByteString.CopyFrom(piece.Span) });
        }
        buffer.ResetWrittenCount();
    }
}
