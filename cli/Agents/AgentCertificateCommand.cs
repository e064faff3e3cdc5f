using System.CommandLine;
using System.Security.Cryptography;
using AgentPlatform.Cli.Certificates;

namespace AgentPlatform.Cli.Agents;

/// <summary><c>agentctl agent cert</c>: a key and a certificate with which an agent connects by mutual TLS.</summary>
public static class AgentCertificateCommand
{
    private const int DefaultDays = 30;
    private const int MaximumDays = 825;

    public static Command Create()
    {
        var id = new Argument<string>("ID") { Description = "The agent's id." };
        var folder = new Option<string>("--out") { HelpName = "DIR", Description = "Where ID.pem and ID-key.pem go. Unless given: here", DefaultValueFactory = _ => "." };
        var days = new Option<int>("--days") { HelpName = "N", Description = $"How long it is good for, 1–{MaximumDays}", DefaultValueFactory = _ => DefaultDays };
        days.Validators.Add(given =>
        {
            if (given.GetValue(days) is < 1 or > MaximumDays)
                given.AddError($"--days must be 1 to {MaximumDays}.");
        });
        var authority = new Option<string?>("--authority") { HelpName = "FILE", Description = "The certificate that signs. Unless given: that of the platform on this machine (./run --tls)" };
        var key = new Option<string?>("--authority-key") { HelpName = "FILE", Description = "Its private key" };
        var domain = new Option<string>("--trust-domain") { HelpName = "NAME", Description = "As the gateway's Tls__TrustDomain", DefaultValueFactory = _ => "agentplatform" };
        var data = DataFolder.NewOption();
        var command = new Command("cert", "Makes a key and a certificate with which an agent connects by mutual TLS.") { id, folder, days, authority, key, domain, data };
        command.Validators.Add(given =>
        {
            if (!TokenCommand.IsAgentId(given.GetValue(id) ?? ""))
                given.AddError($"'{given.GetValue(id)}' is no agent id: 1–64 of [a-z0-9_.-].");
            if (given.GetValue(authority) is null != given.GetValue(key) is null)
                given.AddError("--authority and --authority-key go together.");
        });
        command.SetAction(parsed =>
        {
            var home = DataFolder.Locate(parsed.GetValue(data));
            return Run(parsed.GetRequiredValue(id), parsed.GetValue(folder)!, TimeSpan.FromDays(parsed.GetValue(days)), parsed.GetValue(domain)!,
                parsed.GetValue(authority) ?? home.Entry(Path.Combine("tls", "authority.pem")), parsed.GetValue(key) ?? home.Entry(Path.Combine("tls", "authority-key.pem")));
        });
        return command;
    }

    private static int Run(string id, string folder, TimeSpan lifetime, string domain, string authority, string authorityKey)
    {
        var (certificatePath, keyPath) = (Path.Combine(folder, $"{id}.pem"), Path.Combine(folder, $"{id}-key.pem"));
        try
        {
            using var signer = CertificateAuthority.Load(authority, authorityKey, TimeProvider.System);
            Directory.CreateDirectory(folder);
            signer.SignAgent(id, domain, certificatePath, keyPath, lifetime);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException or UriFormatException)
        {
            throw new CliException($"no certificate was made with {authority}: {e.Message}", e);
        }
        Console.Out.WriteLine(certificatePath);
        Console.Out.WriteLine(keyPath);
        return ExitCode.Ok;
    }
}
