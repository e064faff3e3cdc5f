using System.Buffers;
using System.Collections.Immutable;

namespace AgentPlatform.Audit.Redaction;

/// <summary>What secrets begin with, or what stands before them. Forms as their makers document them.</summary>
public static class SecretPrefixes
{
    public const string PemBegin = "-----BEGIN ";
    public const string Bearer = "bearer ";

    /// <summary>Base64url of <c>{"</c>, with which the header of every JSON Web Token begins.</summary>
    public const string Jwt = "eyJ";

    private const string LettersDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>What tokens consist of (RFC 6750, section 2.1).</summary>
    public static readonly SearchValues<char> TokenCharacters = SearchValues.Create(LettersDigits + "-._~+/=");

    /// <summary>What base64url consists of.</summary>
    public static readonly SearchValues<char> Base64Url = SearchValues.Create(LettersDigits + "-_");

    private static readonly SearchValues<char> Alphanumeric = SearchValues.Create(LettersDigits);
    private static readonly SearchValues<char> Dotted = SearchValues.Create(LettersDigits + "-_.");
    private static readonly SearchValues<char> Upper = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    /// <summary>Keys that are known by themselves.</summary>
    public static ImmutableArray<SecretForm> Forms { get; } =
    [
        new("AKIA", 16, Upper, Exact: true),              // Amazon Web Services
        new("ASIA", 16, Upper, Exact: true),
        new("ghp_", 36, Alphanumeric),                    // GitHub
        new("gho_", 36, Alphanumeric),
        new("ghu_", 36, Alphanumeric),
        new("ghs_", 36, Alphanumeric),
        new("ghr_", 36, Alphanumeric),
        new("github_pat_", 22, Base64Url),
        new("glpat-", 20, Base64Url),                     // GitLab
        new("xoxb-", 10, Base64Url),                      // Slack
        new("xoxp-", 10, Base64Url),
        new("xoxa-", 10, Base64Url),
        new("xoxr-", 10, Base64Url),
        new("xoxs-", 10, Base64Url),
        new("xapp-", 10, Base64Url),
        new("sk_live_", 16, Alphanumeric),                // Stripe
        new("sk_test_", 16, Alphanumeric),
        new("rk_live_", 16, Alphanumeric),
        new("rk_test_", 16, Alphanumeric),
        new("whsec_", 16, TokenCharacters),
        new("sk-", 20, Base64Url),                        // makers of language models
        new("AIza", 35, Base64Url, Exact: true),          // Google
        new("ya29.", 20, Base64Url),
        new("SG.", 40, Dotted),                           // SendGrid
        new("npm_", 36, Alphanumeric),
        new("pypi-", 40, Base64Url),
        new("hf_", 30, Alphanumeric),                     // Hugging Face
        new("dop_v1_", 64, Hex),                          // DigitalOcean
        new("shpat_", 32, Hex),                           // Shopify
        new("hvs.", 20, Base64Url),                       // HashiCorp Vault
        new("dapi", 32, Hex, Exact: true),                // Databricks
        new("lin_api_", 32, Alphanumeric),                // Linear
    ];

    /// <summary>Names after which a key of any form comes: <c>api_key=…</c>. In any letter case.</summary>
    public static ImmutableArray<string> Names { get; } =
    [
        "api_key", "api-key", "apikey", "client_secret", "clientsecret", "secret_key", "secretkey", "access_key", "accesskey",
    ];

    /// <summary>All of it, to look for at once.</summary>
    public static SearchValues<string> All { get; } =
        SearchValues.Create([PemBegin, Bearer, Jwt, .. Forms.Select(f => f.Prefix), .. Names], StringComparison.OrdinalIgnoreCase);
}
