using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentPlatform.Tests.Sessions;

/// <summary>Somebody who is told what happens: a real HTTP server on loopback that keeps what it was sent, and answers as a test says.</summary>
public sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<WebhookMessage> _received = new();

    private WebhookReceiver(WebApplication app) => _app = app;

    /// <summary>Where it listens, with a path and a query as real ones have.</summary>
    public string Url => $"{_app.Urls.Single()}/hooks/in?source=test";

    /// <summary>The same by name, which has to be resolved.</summary>
    public string UrlByName => Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal);

    /// <summary>How it answers; 200 unless set.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = context => Status(context, 200);

    /// <summary>What it was sent, in order of arrival.</summary>
    public IReadOnlyList<WebhookMessage> Received => [.. _received];

    public static Task Status(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    public static async Task<WebhookReceiver> StartAsync(bool withTls = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (withTls)
                listen.UseHttps(SelfSigned());
        }));
        var receiver = new WebhookReceiver(builder.Build());
        receiver._app.Run(receiver.TakeAsync);
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>What it was sent of one type.</summary>
    public IReadOnlyList<WebhookMessage> Of(string type) => [.. Received.Where(m => m.Type == type)];

    /// <summary>Waits until it was sent so many of one type.</summary>
    public async Task<IReadOnlyList<WebhookMessage>> WaitAsync(string type, int atLeast = 1)
    {
        await Eventually.TrueAsync(() => Task.FromResult(Of(type).Count >= atLeast), $"{atLeast} messages of the type {type}, not {Received.Count} in all");
        return Of(type);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync();
        _received.Enqueue(new WebhookMessage(context.Request.Method, context.Request.Path + context.Request.QueryString,
            context.Request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()), body));
        await Answer(context);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
