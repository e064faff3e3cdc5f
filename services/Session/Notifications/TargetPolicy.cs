using System.Net;
using System.Net.Sockets;

namespace AgentPlatform.Sessions;

/// <summary>
/// Which addresses messages may go to. Whoever may subscribe must not be able to make the platform knock on doors that only it can reach: everything that is not
/// open internet by the registries of IANA (RFC 6890 and its successors) is refused, unless a setting names it. No I/O.
/// </summary>
public sealed class TargetPolicy
{
    // IPv4: all but these is open internet.
    private static readonly IPNetwork[] Closed4 = Networks(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        // A public address at which a cloud's machines find its own services.
        "168.63.129.16/32");

    // IPv6: only this is open internet …
    private static readonly IPNetwork Open6 = IPNetwork.Parse("2000::/3");

    // … and of it not protocol assignments with Teredo, documentation, and 6to4, which carries an IPv4 address that nobody has looked at.
    private static readonly IPNetwork[] Closed6 = Networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20");

    // Names that never are of the open internet: RFC 6761, RFC 6762, RFC 8375, and ICANN's reservation of "internal".
    private static readonly string[] LocalSuffixes = [".localhost", ".local", ".localdomain", ".internal", ".home.arpa"];

    private readonly bool _allowsAll;
    private readonly IPNetwork[] _allowed = [];

    public TargetPolicy(WebhookSettings settings)
    {
        AllowsHttp = settings.AllowHttp;
        if (bool.TryParse(settings.AllowPrivateTargets, out _allowsAll))
            return;
        try { _allowed = Networks(settings.AllowPrivateTargets.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)); }
        catch (FormatException e) { throw new InvalidOperationException("Webhooks:AllowPrivateTargets must be true, false, or networks such as 10.1.0.0/16 with commas between them.", e); }
    }

    /// <summary>Whether a target may do without TLS.</summary>
    public bool AllowsHttp { get; }

    /// <summary>Whether a message may be sent to this address.</summary>
    public bool Allows(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return _allowsAll || _allowed.Any(n => n.Contains(address)) || IsOpenInternet(address);
    }

    /// <summary>Whether a host, as a URL writes it, can be told from its name to be refused. One that passes is still looked at when it is connected to.</summary>
    public bool IsPlainlyRefused(string host)
    {
        var name = host.TrimEnd('.').ToLowerInvariant();
        if (IPAddress.TryParse(name.Trim('[', ']'), out var address))
            return !Allows(address);
        var isPrivateAllowed = _allowsAll || _allowed.Length > 0;
        return !isPrivateAllowed && (name == "localhost" || !name.Contains('.') || LocalSuffixes.Any(s => name.EndsWith(s, StringComparison.Ordinal)));
    }

    private static bool IsOpenInternet(IPAddress address) => address.AddressFamily switch
    {
        AddressFamily.InterNetwork => !Closed4.Any(n => n.Contains(address)),
        AddressFamily.InterNetworkV6 => Open6.Contains(address) && !Closed6.Any(n => n.Contains(address)),
        _ => false,
    };

    private static IPNetwork[] Networks(params string[] texts) => [.. texts.Select(t => IPNetwork.Parse(t))];
}
