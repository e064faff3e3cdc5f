using System.CommandLine;
using System.Security.Cryptography;
using Grpc.Net.Client;

namespace AgentPlatform.Cli;

/// <summary>A person of some role at a gateway: at the platform that runs on this machine with a token made for it, or at any other with a given token.</summary>
public sealed class GatewayConnection : IDisposable
{
    /// <summary>The environment variable with the token for another platform; an option would show it to every user of the machine.</summary>
    public const string TokenVariable = "AGENTPLATFORM_TOKEN";

    /// <summary>Who reads the audit log.</summary>
    public const string Auditor = "auditor";

    /// <summary>Who runs the fleet.</summary>
    public const string Operator = "operator";

    /// <summary>Who sets prices and budgets, decides on costs, and releases packages.</summary>
    public const string Superuser = "superuser";

    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(12);
    private readonly GrpcChannel _channel;

    private GatewayConnection(GrpcChannel channel, string subject, string token)
    {
        _channel = channel;
        Caller = new GatewayCaller(_channel, subject, token, $"agentctl-{RandomNumberGenerator.GetHexString(8, lowercase: true)}", TimeProvider.System);
    }

    /// <summary>Makes the calls.</summary>
    public GatewayCaller Caller { get; }

    /// <summary>The option that names another platform.</summary>
    public static Option<string?> NewOption()
    {
        var gateway = new Option<string?>("--gateway")
        {
            HelpName = "URL",
            Description = $"Another platform's gateway (gRPC), with a token in {TokenVariable} and, if need be, its authorities in {GatewayChannel.AuthorityVariable}. Unless given: the platform that runs on this machine",
        };
        gateway.Validators.Add(given =>
        {
            if (given.GetValue(gateway) is { } url && !(Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
                given.AddError($"'{url}' is no address such as https://gateway.example.org:8081.");
        });
        return gateway;
    }

    /// <summary>Of the options of a command.</summary>
    public static GatewayConnection Open(string role, string? gateway, string? dataFolder)
    {
        var subject = $"user:{Environment.UserName}";
        if (gateway is not null)
        {
            var token = Environment.GetEnvironmentVariable(TokenVariable);
            return string.IsNullOrEmpty(token)
                ? throw new CliException($"--gateway needs the token of an {role} in the environment variable {TokenVariable}")
                : new GatewayConnection(GatewayChannel.Open(gateway), subject, token);
        }
        var data = DataFolder.Locate(dataFolder);
        var note = RunNote.Require(data);
        using var key = DevelopmentKey.Load(data.DevelopmentKey);
        return new GatewayConnection(GatewayChannel.Open(note), subject, key.Mint(subject, [role], agentId: null, TokenLifetime, TimeProvider.System));
    }

    public void Dispose() => _channel.Dispose();
}
