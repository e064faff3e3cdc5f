namespace AgentPlatform.Audit.Redaction;

/// <summary>What is taken out of texts before they are kept; see <see cref="RedactionKinds"/> for the names people read.</summary>
public enum RedactionKind
{
    /// <summary>A mail address.</summary>
    Email,

    /// <summary>A phone number: international, or in a usual national form.</summary>
    Phone,

    /// <summary>A payment card's number with a right check digit.</summary>
    Card,

    /// <summary>A bank account's number (IBAN) with right check digits.</summary>
    Iban,

    /// <summary>A United States social security number.</summary>
    Ssn,

    /// <summary>An IPv4 or IPv6 address.</summary>
    Ip,

    /// <summary>A bearer token or a JSON Web Token.</summary>
    Token,

    /// <summary>A key of an API, known by its prefix or by what stands before it.</summary>
    ApiKey,

    /// <summary>A private key in PEM form.</summary>
    PrivateKey,
}
