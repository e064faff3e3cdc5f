using System.Formats.Asn1;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;

namespace AgentPlatform.Gateway;

/// <summary>
/// Binds a caller's token to the certificate of its connection. An agent's certificate names it in its one URI, <c>spiffe://TRUST_DOMAIN/agent/ID</c>; over such a
/// connection that agent's calls alone are taken. Who it is, and what it may, the token says all the same.
/// </summary>
public sealed class AgentCertificates(TlsSettings settings)
{
    private const string AlternativeNames = "2.5.29.17";
    private static readonly Asn1Tag Uri = new(TagClass.ContextSpecific, 6);

    private readonly string _prefix = $"spiffe://{settings.TrustDomain}/agent/";

    // Read once for each connection.
    private readonly ConditionalWeakTable<X509Certificate2, string> _ids = [];

    /// <summary>Refuses a caller whose connection is another's, or an agent that must show a certificate and does not.</summary>
    public void Check(HttpContext context, Caller caller)
    {
        if (context.Connection.ClientCertificate is not { } certificate)
        {
            if (settings.RequireAgentCertificates && caller.IsAgent)
                throw Errors.Unauthenticated("CERTIFICATE_MISSING", "Agents connect with a client certificate here.");
            return;
        }
        var id = _ids.GetValue(certificate, IdIn);
        if (id.Length == 0)
            throw Errors.Unauthenticated("CERTIFICATE_NAMES_NO_AGENT", $"The client certificate must have one URI, {_prefix} and an agent's id.");
        if (caller.AgentId != id)
            throw Errors.Unauthenticated("CERTIFICATE_NOT_YOURS", $"The client certificate is of agent {id}; the token is not.");
    }

    private string IdIn(X509Certificate2 certificate)
    {
        try
        {
            return certificate.Extensions.FirstOrDefault(e => e.Oid?.Value == AlternativeNames) is { } names
                && Uris(names.RawData) is [var uri] && uri.StartsWith(_prefix, StringComparison.Ordinal) ? uri[_prefix.Length..] : "";
        }
        // An authority has signed it, but it names nobody that we could read.
        catch (AsnContentException) { return ""; }
    }

    // RFC 5280, GeneralNames; the framework's own reader knows DNS names and addresses alone.
    private static List<string> Uris(byte[] extension)
    {
        var uris = new List<string>();
        var names = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
        while (names.HasData)
        {
            if (names.PeekTag().HasSameClassAndValue(Uri))
                uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, Uri));
            else
                names.ReadEncodedValue();
        }
        return uris;
    }
}
