using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace AgentPlatform.AppHost;

/// <summary>
/// The file run.json in the data folder, by which other programs find the running platform. It lasts as long as the run;
/// one whose process is gone is left over from a run that was killed. It holds no secrets.
/// </summary>
internal sealed class RunNote : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly string _path;

    private RunNote(string path) => _path = path;

    /// <summary>Writes the note; it is there before anything listens.</summary>
    public static RunNote Write(DataFolder data, Settings settings, IConfiguration configuration, Servers servers, DevelopmentCertificates? certificates)
    {
        var text = JsonSerializer.Serialize(
            new
            {
                Pid = Environment.ProcessId,
                StartedAt = TimeProvider.System.GetUtcNow(),
                Infra = servers.Kind.ToString().ToLowerInvariant(),
                Gateway = $"{(certificates is null ? "http" : "https")}://localhost:{settings.GatewayPort}",
                certificates?.Authority,
                Http = $"http://localhost:{settings.HttpPort}",
                Dashboard = configuration["ASPNETCORE_URLS"]?.Split(';')[0],
                Otlp = configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"],
                Database = servers.DatabaseAddress,
                settings.Vault,
                data.Logs,
            },
            Json);
        File.WriteAllText(data.RunNote + ".new", text);
        File.Move(data.RunNote + ".new", data.RunNote, overwrite: true);
        return new RunNote(data.RunNote);
    }

    /// <inheritdoc />
    public void Dispose() => File.Delete(_path);
}
