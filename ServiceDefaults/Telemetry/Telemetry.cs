using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace AgentPlatform;

/// <summary>
/// Traces, metrics and logs by OTLP, to wherever <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says. The frameworks emit their spans and
/// metrics themselves; here they are only switched on.
/// </summary>
public static class Telemetry
{
    /// <summary>The meter of everything that the platform itself measures.</summary>
    public const string MeterName = "AgentPlatform";

    /// <summary>The spans of what the platform itself does; the frameworks have theirs.</summary>
    internal static readonly ActivitySource Source = new(MeterName);

    // What these say of every single request would bury our own lines; the traces tell it better.
    private static readonly string[] TalkativeLoggers = ["Grpc", "Microsoft.AspNetCore", "Npgsql", "System.Net.Http", "Yarp"];

    /// <summary>Whether anybody collects. Where nobody does, nothing is recorded: a fifth of a small call's work would be thrown away. Trace ids go on all the same.</summary>
    public static bool IsCollected(IConfiguration configuration) => !string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);

    internal static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        foreach (var category in TalkativeLoggers)
            builder.Logging.AddFilter(category, LogLevel.Warning);
        // A message that is no protobuf would put a stack into the log each time, and anybody can send them by the thousand. What a method
        // itself throws never gets there: ErrorInterceptor says it.
        builder.Logging.AddFilter("Grpc.AspNetCore.Server.ServerCallHandler", LogLevel.Critical);
        // Every probe, several a second, would log once more what /health answers.
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);

        if (!IsCollected(builder.Configuration))
            return;
        // Unless told so, ASP.NET Core leaves its spans without the method, path and status that the conventions ask for.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
        builder.Logging.AddOpenTelemetry(logs =>
        {
            logs.IncludeFormattedMessage = true;
            logs.IncludeScopes = true;
        });
        builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter(
                "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime", "Npgsql", MeterName))
            .WithTracing(traces => traces
                .SetSampler(new ParentBasedSampler(new HealthProbeSampler()))
                .AddSource("Microsoft.AspNetCore", "Grpc.Net.Client", "System.Net.Http", "Npgsql", MeterName))
            .UseOtlpExporter();
    }
}
