using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using AgentPlatform.Audit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentPlatform.Tests.Audits;

/// <summary>Checkpoints leave the database: to a webhook, and as log records by OTLP, both on a real HTTP server.</summary>
public sealed class AnchorTests(TestServers servers)
{
    [Fact]
    public async Task A_webhook_gets_every_checkpoint_signed_in_order_whatever_it_answers_at_first()
    {
        var posts = new ConcurrentQueue<string>();
        var elsewhere = 0;
        // Refuses, and sends elsewhere, what must not count as anchored; then takes all.
        var tries = 0;
        await using var server = await ListenAsync(async context =>
        {
            if (context.Request.Path == "/elsewhere")
            {
                Interlocked.Increment(ref elsewhere);
                return;
            }
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            switch (Interlocked.Increment(ref tries))
            {
                case 1:
                    context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                    break;
                case 2:
                    context.Response.Redirect("/elsewhere");
                    break;
                default:
                    posts.Enqueue(body);
                    break;
            }
        });
        await using var log = await AuditLog.StartAsync(servers, ("Audit:AnchorWebhook", $"{AddressOf(server)}/anchor"));
        await log.AppendAsync(20);

        await Eventually.TrueAsync(() => Task.FromResult(posts.Count == 2), "both checkpoints are posted");
        Assert.Equal(0, elsewhere);
        var anchored = posts.Select(p => CheckpointRecord.FromJson(p)!).ToList();
        Assert.Equal([10L, 20L], anchored.Select(c => c.Position));
        using var key = ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(log.Platform.AuditFolder, "signing.pub.pem")));
        Assert.All(anchored, c => Assert.True(key.VerifyData(Encoding.UTF8.GetBytes(c.Statement), c.Signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)));
    }

    [Fact]
    public async Task A_webhook_that_is_away_holds_nobody_up()
    {
        var port = Bench.Chaos.LocalPrograms.FreePort();
        await using var log = await AuditLog.StartAsync(servers, ("Audit:AnchorWebhook", $"http://127.0.0.1:{port}/anchor"));
        await log.AppendAsync(30);
        Assert.Equal(3, (await File.ReadAllLinesAsync(Path.Combine(log.Platform.AuditFolder, "checkpoints.ndjson"))).Length);
    }

    [Fact]
    public async Task A_checkpoint_is_a_log_record_that_leaves_by_otlp()
    {
        var records = new ConcurrentQueue<string>();
        await using var collector = await ListenAsync(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            // Texts lie in a protobuf as they are.
            if (context.Request.Path == "/v1/logs")
                records.Enqueue(Encoding.UTF8.GetString(body.ToArray()));
        });
        await using var log = await AuditLog.StartAsync(servers,
            ("OTEL_EXPORTER_OTLP_ENDPOINT", AddressOf(collector)), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("Logging:LogLevel:AgentPlatform.Audit.Anchor", nameof(LogLevel.Information)));
        await log.AppendAsync(10);

        var line = (await File.ReadAllLinesAsync(Path.Combine(log.Platform.AuditFolder, "checkpoints.ndjson"))).Single();
        var checkpoint = CheckpointRecord.FromJson(line)!;
        await Eventually.TrueAsync(() => Task.FromResult(records.Any(r =>
            r.Contains(Convert.ToHexStringLower(checkpoint.Hash), StringComparison.Ordinal)
            && r.Contains(Convert.ToBase64String(checkpoint.Signature), StringComparison.Ordinal))), "the checkpoint's record arrives with hash and signature");
    }

    private static async Task<WebApplication> ListenAsync(RequestDelegate handle)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Run(handle);
        await app.StartAsync();
        return app;
    }

    private static string AddressOf(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
}
