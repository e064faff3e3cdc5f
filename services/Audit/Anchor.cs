using System.Text;
using System.Threading.Channels;

namespace AgentPlatform.Audit;

/// <summary>
/// Takes checkpoints to where whoever owns the database cannot change them: a file, a webhook if there is one, and a log record by OTLP. What
/// cannot be delivered waits in order; the table has every checkpoint in any case, and an anchor may have one twice.
/// </summary>
public sealed partial class Anchor(AuditSettings settings, IHttpClientFactory clients, TimeProvider clock, ILogger<Anchor> log) : BackgroundService
{
    private const string DefaultFile = "checkpoints.ndjson";
    private const int WaitingCheckpoints = 10_000;
    private const int MaximumLineCharacters = 1_000;
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WebhookTimeout = TimeSpan.FromSeconds(5);

    // Bounded: with the anchor away for a day the oldest are dropped, with a line in the log; they are still in the table.
    private readonly Channel<CheckpointRecord> _posts = Channel.CreateBounded<CheckpointRecord>(
        new BoundedChannelOptions(WaitingCheckpoints) { FullMode = BoundedChannelFullMode.DropOldest });

    // Several lines before the disk is asked count once.
    private readonly Channel<bool> _lines = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Lock _file = new();
    private readonly string _path = settings.AnchorFile.Length > 0 ? settings.AnchorFile
        : Path.Combine(Path.GetDirectoryName(Path.GetFullPath(settings.SigningKey))!, DefaultFile);
    private readonly Queue<CheckpointRecord> _unwritten = [];

    /// <summary>Anchors a checkpoint that was committed.</summary>
    public void Keep(CheckpointRecord checkpoint)
    {
        Anchored(log, checkpoint.Shard, checkpoint.Number, checkpoint.Position, Convert.ToHexStringLower(checkpoint.Hash), checkpoint.KeyId,
            Convert.ToBase64String(checkpoint.Signature));
        Write(checkpoint);
        if (settings.AnchorWebhook.Length > 0)
            _posts.Writer.TryWrite(checkpoint);
    }

    /// <summary>The checkpoints of the file, in the order of their making. Half a line at its end, or what is no checkpoint, is left out.</summary>
    public async IAsyncEnumerable<CheckpointRecord> ReadAsync()
    {
        if (!File.Exists(_path))
            yield break;
        await foreach (var line in File.ReadLinesAsync(_path))
            if (line.Length <= MaximumLineCharacters && CheckpointRecord.FromJson(line) is { } checkpoint)
                yield return checkpoint;
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(PostAllAsync(stoppingToken), SyncAllAsync(stoppingToken));

    private async Task PostAllAsync(CancellationToken stoppingToken)
    {
        await foreach (var checkpoint in _posts.Reader.ReadAllAsync(stoppingToken))
            while (!await PostAsync(checkpoint, stoppingToken))
                await Task.Delay(RetryEvery, clock, stoppingToken);
    }

    // The disk takes milliseconds for it, for which no caller of the log should wait: the checkpoint itself is committed already.
    private async Task SyncAllAsync(CancellationToken stoppingToken)
    {
        await foreach (var _ in _lines.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                using var file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
                file.Flush(flushToDisk: true);
            }
            // The next line asks again.
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { NotWritten(log, e, _path); }
        }
    }

    // Instances on one machine may share the file: each line is one write to its end.
    private void Write(CheckpointRecord checkpoint)
    {
        lock (_file)
        {
            if (_unwritten.Count == WaitingCheckpoints)
                _unwritten.Dequeue();
            _unwritten.Enqueue(checkpoint);
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
                using var file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
                while (_unwritten.TryPeek(out var next))
                {
                    file.Write(Encoding.UTF8.GetBytes(next.ToJson() + "\n"));
                    _unwritten.Dequeue();
                }
                _lines.Writer.TryWrite(true);
            }
            // The disk is full or the folder is gone: it waits for the next checkpoint.
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { NotWritten(log, e, _path); }
        }
    }

    private async Task<bool> PostAsync(CheckpointRecord checkpoint, CancellationToken cancellation)
    {
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            timeout.CancelAfter(WebhookTimeout);
            using var body = new StringContent(checkpoint.ToJson(), Encoding.UTF8, "application/json");
            using var client = clients.CreateClient(nameof(Anchor));
            using var answer = await client.PostAsync(new Uri(settings.AnchorWebhook), body, timeout.Token);
            if (answer.IsSuccessStatusCode)
                return true;
            NotPosted(log, settings.AnchorWebhook, answer.StatusCode.ToString());
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            NotPosted(log, settings.AnchorWebhook, e.Message);
        }
        return false;
    }

    [LoggerMessage(LogLevel.Information, "Checkpoint {Number} of shard {Shard} at position {Position}: {Hash}, key {KeyId}, signature {Signature}")]
    private static partial void Anchored(ILogger log, int shard, long number, long position, string hash, string keyId, string signature);

    [LoggerMessage(LogLevel.Error, "Checkpoints could not be written to {Path}; it is tried again with the next one")]
    private static partial void NotWritten(ILogger log, Exception exception, string path);

    [LoggerMessage(LogLevel.Warning, "A checkpoint could not be posted to {Address} ({Cause}); it is tried again")]
    private static partial void NotPosted(ILogger log, string address, string cause);
}
