using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentPlatform.Tests.Gateways;

/// <summary>
/// Stands behind the gateway as any service, on bare HTTP/2, so that a test sees what arrives and can do what no service of
/// ours does: send back every byte, say nothing, or break the connection. The called method's name says which.
/// </summary>
public sealed class EchoService : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<string> _addresses;

    private EchoService(WebApplication app)
    {
        _app = app;
        _addresses = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
    }

    public string GrpcAddress => _addresses[0];

    public string HttpAddress => _addresses[1];

    /// <summary>The headers of every call, in the order of arrival.</summary>
    public ConcurrentQueue<Dictionary<string, string>> Calls { get; } = new();

    /// <summary>Completes when a call to <c>Hang</c> was given up by its caller.</summary>
    public TaskCompletionSource GivenUp { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Breaks the connection of a call to <c>Break</c>, which has sent back one message by then.</summary>
    public TaskCompletionSource BreakNow { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>As which method every one does; null for itself.</summary>
    public string? Does { get; set; }

    /// <summary>What <c>/health</c> says.</summary>
    public string Health { get; set; } = "Healthy";

    public static async Task<EchoService> StartAsync(int grpcPort = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // As gRPC's own server does for streams.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Listen(IPAddress.Loopback, grpcPort, listener => listener.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        EchoService? echo = null;
        app.MapGet("/health", () => Results.Json(new { status = echo!.Health }, statusCode: echo.Health == "Unhealthy" ? 503 : 200));
        app.MapPost("/{service}/{method}", (string method, HttpContext context) => echo!.AnswerAsync(method, context));
        await app.StartAsync();
        return echo = new EchoService(app);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(string method, HttpContext context)
    {
        Calls.Enqueue(context.Request.Headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString()));
        switch (Does ?? method)
        {
            case "Hang":
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => GivenUp.TrySetResult(), TaskScheduler.Default);
                return;
            case "BreakUnanswered":
                context.Features.Get<IConnectionLifetimeFeature>()!.Abort();
                return;
            case "Break":
                await EchoAsync(context, messages: 1);
                await BreakNow.Task;
                context.Features.Get<IConnectionLifetimeFeature>()!.Abort();
                return;
            default:
                await EchoAsync(context, messages: int.MaxValue);
                context.Response.AppendTrailer("grpc-status", "0");
                return;
        }
    }

    private static async Task EchoAsync(HttpContext context, int messages)
    {
        context.Response.ContentType = "application/grpc";
        // Our own callers send messages so small that each arrives in one piece.
        var piece = new byte[4096];
        for (var seen = 0; seen < messages; seen++)
        {
            var length = await context.Request.Body.ReadAsync(piece);
            if (length == 0)
                return;
            await context.Response.Body.WriteAsync(piece.AsMemory(0, length));
        }
    }
}
