using System.Globalization;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;

namespace AgentPlatform;

/// <summary>Reads and checks the bearer token of a request.</summary>
public sealed class BearerToken(AuthenticationSettings settings, CallerCache cache)
{
    /// <summary>The caller; UNAUTHENTICATED, with the reason, when the token is missing, expired or not to be trusted.</summary>
    public ValueTask<Caller> RequireCallerAsync(HttpContext context)
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        return cache.Find(authorization) is { } known ? new(known) : new(CheckAsync(context, authorization));
    }

    /// <summary>The caller, if his token was found valid not long ago; else null, and nothing has been checked.</summary>
    public Caller? FindCaller(HttpContext context) => cache.Find(context.Request.Headers.Authorization.ToString());

    private async Task<Caller> CheckAsync(HttpContext context, string authorization)
    {
        var result = await AuthenticateAsync(context);
        if (!result.Succeeded)
            throw WhyRefused(result.Failure);
        var caller = Caller.From(result.Principal, settings);
        if (long.TryParse(result.Principal.FindFirst("exp")?.Value, CultureInfo.InvariantCulture, out var expiresAt))
            cache.Keep(authorization, caller, DateTimeOffset.FromUnixTimeSeconds(expiresAt));
        return caller;
    }

    private static PlatformException WhyRefused(Exception? failure) => failure switch
    {
        null => Errors.Unauthenticated("TOKEN_MISSING", "Send a bearer token in the metadata authorization."),
        SecurityTokenExpiredException => Errors.Unauthenticated("TOKEN_EXPIRED", "The token has expired; get a new one."),
        SecurityTokenInvalidIssuerException or SecurityTokenSignatureKeyNotFoundException or SecurityTokenInvalidSignatureException =>
            Errors.Unauthenticated("TOKEN_NOT_TRUSTED", "The token is of another issuer, or its signature is not the issuer's."),
        SecurityTokenInvalidAudienceException => Errors.Unauthenticated("TOKEN_NOT_FOR_US", "The token is for another audience."),
        SecurityTokenNotYetValidException => Errors.Unauthenticated("TOKEN_NOT_YET_VALID", "The token is not valid yet; check the clocks."),
        _ => Errors.Unauthenticated("TOKEN_INVALID", "The token cannot be read."),
    };

    private static async Task<AuthenticateResult> AuthenticateAsync(HttpContext context)
    {
        try { return await context.AuthenticateAsync(JwtBearerDefaults.AuthenticationScheme); }
        // What the handler throws, instead of answering it, is that the issuer's keys cannot be had.
        catch (InvalidOperationException e) { throw Errors.Unavailable("The issuer of tokens", e); }
    }
}
