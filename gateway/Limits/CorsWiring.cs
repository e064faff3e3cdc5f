namespace AgentPlatform.Gateway;

/// <summary>Lets pages of configured origins call, and nobody else's: section <c>Cors</c>, <c>Origins:0</c> and so on.</summary>
public static class CorsWiring
{
    private static readonly TimeSpan PreflightLifetime = TimeSpan.FromMinutes(10);

    private static readonly string[] Sent =
    [
        "authorization", "content-type", "accept", "if-match", "if-none-match", "idempotency-key", "x-correlation-id", "traceparent", "tracestate",
        "grpc-timeout", "x-grpc-web", "x-user-agent", "mcp-protocol-version", "mcp-session-id", "last-event-id",
    ];

    private static readonly string[] Exposed =
    [
        "grpc-status", "grpc-message", GrpcStatus.DetailsKey, "grpc-retry-pushback-ms", "etag", "idempotency-replayed", "retry-after", "ratelimit", "ratelimit-policy",
        "www-authenticate", "x-correlation-id", "mcp-session-id",
    ];

    public static void AddCors(this WebApplicationBuilder builder)
    {
        var origins = builder.Configuration.GetSection("Cors:Origins").Get<string[]>() ?? [];
        foreach (var origin in origins)
            // "*" and patterns would be everybody's; a path or a slash at the end never matches what browsers send.
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.GetLeftPart(UriPartial.Authority) != origin)
                throw new InvalidOperationException($"Cors:Origins: '{origin}' is no origin such as https://console.example.org.");
        // Tokens go in a header that pages set themselves, so no credentials are let through that browsers would add.
        builder.Services.AddCors(options => options.AddDefaultPolicy(policy => policy
            .WithOrigins(origins).WithMethods("GET", "POST", "PUT", "PATCH", "DELETE").WithHeaders(Sent).WithExposedHeaders(Exposed).SetPreflightMaxAge(PreflightLifetime)));
    }
}
