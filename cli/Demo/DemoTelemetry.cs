using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace AgentPlatform.Cli.Demo;

/// <summary>Makes one trace of each step, from this program to the last table, where the platform's telemetry goes.</summary>
public sealed class DemoTelemetry : IDisposable
{
    private readonly ActivitySource _source = new("agentctl");
    private readonly TracerProvider? _provider;

    /// <param name="otlp">Where to; null makes no traces here, and each call begins one at the gateway.</param>
    public DemoTelemetry(string? otlp) => _provider = otlp is null ? null : Sdk.CreateTracerProviderBuilder()
        .ConfigureResource(resource => resource.AddService("agentctl"))
        .AddSource(_source.Name, "Grpc.Net.Client", "System.Net.Http")
        .AddOtlpExporter(options => (options.Endpoint, options.Protocol) = (new Uri(otlp), OtlpExportProtocol.Grpc))
        .Build();

    /// <summary>Begins the trace of a step; dispose of it at the step's end.</summary>
    public Activity? Begin(string step) => _source.StartActivity($"demo: {step}");

    /// <summary>Sends what is left.</summary>
    public void Dispose()
    {
        _provider?.Dispose();
        _source.Dispose();
    }
}
