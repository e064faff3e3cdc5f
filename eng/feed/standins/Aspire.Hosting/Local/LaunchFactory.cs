using System.Runtime.InteropServices;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Local;

/// <summary>Turns a described resource into programs to start, with the variables that Aspire would give them.</summary>
internal sealed class LaunchFactory(IConfiguration configuration, IHostEnvironment environment)
{
    /// <summary>The dotnet that runs the AppHost, whatever comes first on PATH.</summary>
    private static readonly string Dotnet =
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet")) is var path && File.Exists(path)
            ? path
            : "dotnet";

    public async Task<Launch> CreateAsync(IResource resource, int replica, CancellationToken stopping)
    {
        var arguments = resource.Annotations.OfType<ArgumentsAnnotation>().SelectMany(annotation => annotation.Arguments);
        var variables = await VariablesAsync(resource, replica, stopping);
        if (resource is ExecutableResource executable)
        {
            return new Launch(resource.Name, executable.Command, [.. arguments], executable.WorkingDirectory, variables, IsServer: true);
        }

        var project = resource.Annotations.OfType<ProjectMetadataAnnotation>().Single().Project;
        if (!File.Exists(project.AssemblyPath))
        {
            throw new DistributedApplicationException($"{resource.Name}: not built: {project.AssemblyPath} is missing");
        }

        return new Launch(
            resource.Name, Dotnet, [project.AssemblyPath, .. arguments], Path.GetDirectoryName(project.ProjectPath)!, variables, IsServer: false);
    }

    private async Task<IReadOnlyDictionary<string, string>> VariablesAsync(IResource resource, int replica, CancellationToken stopping)
    {
        var variables = new Dictionary<string, object>();
        if (resource is ProjectResource)
        {
            AddTelemetry(variables, resource.Name);
            variables["DOTNET_ENVIRONMENT"] = variables["ASPNETCORE_ENVIRONMENT"] = environment.EnvironmentName;
        }

        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => endpoint.PortVariable is not null))
        {
            variables[endpoint.PortVariable!] = $"{endpoint.Ports[replica]}";
        }

        foreach (var annotation in resource.Annotations.OfType<EnvironmentAnnotation>())
        {
            annotation.Add(variables);
        }

        var resolved = new Dictionary<string, string>(variables.Count);
        foreach (var (name, value) in variables)
        {
            resolved[name] = value is IValueProvider provider ? await provider.GetValueAsync(stopping) ?? "" : (string)value;
        }

        return resolved;
    }

    private void AddTelemetry(Dictionary<string, object> variables, string name)
    {
        if (configuration[Dashboard.OtlpUrlKey] is not { Length: > 0 } endpoint)
        {
            return;
        }

        variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint;
        variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc";
        variables["OTEL_SERVICE_NAME"] = name;
        variables["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={Guid.NewGuid().ToString("N")[..8]}";
        if (environment.IsDevelopment())
        {
            // Milliseconds: whoever develops wants to see what has just happened, all of it.
            variables["OTEL_BSP_SCHEDULE_DELAY"] = variables["OTEL_BLRP_SCHEDULE_DELAY"] = variables["OTEL_METRIC_EXPORT_INTERVAL"] = "1000";
            variables["OTEL_TRACES_SAMPLER"] = "always_on";
            variables["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based";
        }
    }
}
