using AgentPlatform.Cli;

namespace AgentPlatform.Bench.Gateway;

/// <summary>
/// haproxy before the service: HTTP/2 without TLS on both sides, and connections that stay open and are shared by all callers, as the gateway shares them. It lets everybody pass, or asks
/// the gateway's own two questions first: whose token is it, and does he call too often?
/// </summary>
public static class HaproxyConfiguration
{
    // As the gateway has it.
    private const int RememberedTokens = 262_144;
    private const int SubjectCharacters = 256;
    private static readonly int RememberedSeconds = (int)CallerCache.Longest.TotalSeconds;

    private static readonly string Callers = $"""
        backend callers
            stick-table type string len {SubjectCharacters} size {RememberedTokens} expire 2m store http_req_rate(60s)
        """;

    // The number of a row says until when.
    private static readonly string Tokens = $"""
        backend tokens
            stick-table type binary len 32 size {RememberedTokens} expire {RememberedSeconds}s store gpt0
        """;

    /// <summary>It looks at no token and counts nothing.</summary>
    public static string Passing(PeerPlace place) => Of(place, tables: [], rules: []);

    /// <summary>It verifies the token of every call, and counts calls by the token's subject.</summary>
    public static string Verifying(PeerPlace place) => Of(place, [Callers], [Read, Verify(place.KeyFile), Count(place.CallsPerMinute)]);

    /// <summary>
    /// The same, but a token that was found valid is known by its SHA-256 for five minutes, or until it expires if that is sooner. What is refused leaves nothing behind.
    /// </summary>
    public static string Remembering(PeerPlace place) => Of(place, [Callers, Tokens], [Read, Recall, Verify(place.KeyFile, "is_known"), Remember, Count(place.CallsPerMinute)]);

    private const string Read = """
            http-request set-var(txn.token) http_auth_bearer
            http-request set-var(txn.now) date
        """;

    private const string Recall = """
            http-request set-var(txn.digest) var(txn.token),sha2(256)
            http-request set-var(txn.known) var(txn.digest),table_gpt0(tokens),sub(txn.now)
            acl is_known var(txn.known) -m int gt 0
        """;

    // Which algorithm it is says the configuration, whatever a token says of itself.
    private static string Verify(string keyFile, string known = "FALSE") => $$"""
            http-request deny deny_status 401 unless {{known}} or { var(txn.token),jwt_header_query('$.alg') -m str ES256 }
            http-request deny deny_status 401 unless {{known}} or { var(txn.token),jwt_verify("ES256","{{keyFile}}") -m int 1 }
            http-request deny deny_status 401 unless {{known}} or { var(txn.token),jwt_payload_query('$.iss') -m str {{DevelopmentKey.Issuer}} }
            http-request deny deny_status 401 unless {{known}} or { var(txn.token),jwt_payload_query('$.aud') -m str {{DevelopmentKey.Audience}} }
            http-request set-var(txn.left) var(txn.token),jwt_payload_query('$.exp','int'),sub(txn.now) unless {{known}}
            http-request deny deny_status 401 unless {{known}} or { var(txn.left) -m int gt 0 }
        """;

    private static readonly string Remember = $$"""
            http-request set-var(txn.left) int({{RememberedSeconds}}) if !is_known { var(txn.left) -m int gt {{RememberedSeconds}} }
            http-request set-var(txn.until) var(txn.now),add(txn.left) unless is_known
            http-request track-sc1 var(txn.digest) table tokens unless is_known
            http-request sc-set-gpt0(1) var(txn.until) unless is_known
        """;

    private static string Count(int callsPerMinute) => $$"""
            http-request set-var(txn.subject) var(txn.token),jwt_payload_query('$.sub')
            http-request deny deny_status 401 unless { var(txn.subject) -m len 1:{{SubjectCharacters}} }
            http-request track-sc0 var(txn.subject) table callers
            http-request deny deny_status 429 if { sc_http_req_rate(0) gt {{callsPerMinute}} }
        """;

    private static string Of(PeerPlace place, string[] tables, string[] rules) => $"""
        global
            nbthread {Environment.ProcessorCount}
            maxconn 2048
            tune.h2.max-concurrent-streams 1000
        defaults
            mode http
            timeout connect 3s
            timeout client 1h
            timeout server 1h
            http-reuse always
        {string.Join('\n', tables)}
        frontend door
            bind 127.0.0.1:{place.Port} proto h2
        {string.Join('\n', rules)}
            default_backend session
        backend session
            server session 127.0.0.1:{place.ServicePort} proto h2

        """;
}
