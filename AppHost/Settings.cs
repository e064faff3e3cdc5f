using Microsoft.Extensions.Configuration;

namespace AgentPlatform.AppHost;

/// <summary>
/// What can be chosen at start, each as <c>--name value</c> or as an environment variable <c>AGENTPLATFORM_NAME</c>:
/// infra (auto, containers, local, external), data (folder), vault (folder), gateway-port (gRPC), http-port, tls (true or false).
/// </summary>
internal sealed record Settings(InfraKind Infra, string Data, string Vault, int GatewayPort, int HttpPort, bool Tls)
{
    private const int DefaultGatewayPort = 8081;
    private const int DefaultHttpPort = 8080;

    /// <summary>Reads and checks them; a wrong one ends the process.</summary>
    public static Settings Read(string[] args)
    {
        var values = new ConfigurationBuilder()
            .AddEnvironmentVariables("AGENTPLATFORM_")
            // Names as they can be spelled in the environment.
            .AddCommandLine(args, new Dictionary<string, string> { ["--gateway-port"] = "gateway_port", ["--http-port"] = "http_port" })
            .Build();

        var data = Path.GetFullPath(values["data"] is { Length: > 0 } given ? given : DefaultData());
        return new Settings(
            ReadInfra(values["infra"]),
            data,
            ReadVault(values["vault"], data),
            ReadPort(values["gateway_port"], "gateway-port", DefaultGatewayPort),
            ReadPort(values["http_port"], "http-port", DefaultHttpPort),
            ReadTls(values["tls"]));
    }

    private static bool ReadTls(string? value) => value is not { Length: > 0 } ? false
        : bool.TryParse(value, out var isOn) ? isOn : throw Exit.With($"--tls {value}: true or false");

    private static string DefaultData()
    {
        if (Environment.IsPrivilegedProcess)
        {
            return "/var/lib/agentplatform";
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var shared = Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } xdg ? xdg : Path.Combine(home, ".local", "share");
        return Path.Combine(shared, "agentplatform");
    }

    private static InfraKind ReadInfra(string? value)
    {
        // Not by Enum.Parse, which takes numbers too.
        foreach (var kind in Enum.GetValues<InfraKind>())
        {
            if (kind.ToString().Equals(value ?? "auto", StringComparison.OrdinalIgnoreCase))
            {
                return kind;
            }
        }

        throw Exit.With($"--infra {value}: known are auto, containers, local and external");
    }

    private static string ReadVault(string? value, string data)
    {
        if (value is not { Length: > 0 })
        {
            return Path.Combine(data, "vault");
        }

        return Directory.Exists(value) ? Path.GetFullPath(value) : throw Exit.With($"--vault {value}: there is no such folder");
    }

    private static int ReadPort(string? value, string name, int standard)
    {
        if (value is not { Length: > 0 })
        {
            return standard;
        }

        return int.TryParse(value, out var port) && port is >= 1 and <= 65535
            ? port
            : throw Exit.With($"--{name} {value}: a port is a number from 1 to 65535");
    }
}
