using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.IdentityModel.Tokens;

namespace AgentPlatform;

/// <summary>Checks bearer tokens, in the gateway and again in every service: nobody gets round the gateway's check.</summary>
public static class Authentication
{
    /// <summary>How far the clocks of an issuer and of ours may differ.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    internal static void AddBearerAuthentication(this IHostApplicationBuilder builder)
    {
        var settings = builder.Configuration.GetSection("Authentication").Get<AuthenticationSettings>() ?? new AuthenticationSettings();
        Validate(settings, builder.Environment);

        builder.Services.AddSingleton(settings);
        // By the machine's own clock, as the check itself goes by it.
        builder.Services.AddSingleton(new CallerCache(TimeProvider.System));
        builder.Services.AddSingleton<BearerToken>();
        // With a scheme by default, ASP.NET Core would check the signature of every request by itself, before CallerCache is asked.
        AppContext.SetSwitch("Microsoft.AspNetCore.Authentication.SuppressAutoDefaultScheme", true);
        builder.Services.AddAuthentication().AddJwtBearer(options =>
        {
            options.MapInboundClaims = false;
            options.TokenValidationParameters = new TokenValidationParameters
            {
                ClockSkew = ClockSkew,
                ValidAudience = settings.Audience,
                // Signatures by a shared secret are not taken: who can check such a token can forge it.
                ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSsaPssSha256],
            };
            if (settings.Authority.Length > 0)
            {
                options.Authority = settings.Authority;
                // A key that the issuer has withdrawn counts as long, and then as long as its tokens are remembered.
                options.AutomaticRefreshInterval = CallerCache.Longest;
                options.RequireHttpsMetadata = !builder.Environment.IsDevelopment();
            }
            else
            {
                options.TokenValidationParameters.ValidIssuer = AuthenticationSettings.DevelopmentIssuer;
                options.TokenValidationParameters.IssuerSigningKey = ReadKey(settings.DevelopmentKey);
            }
        });
    }

    private static void Validate(AuthenticationSettings settings, IHostEnvironment environment)
    {
        if (settings.Authority.Length == 0 && settings.DevelopmentKey.Length == 0)
            throw new InvalidOperationException("Set Authentication:Authority to the OIDC issuer whose tokens to trust.");
        if (settings.DevelopmentKey.Length > 0 && !environment.IsDevelopment())
            throw new InvalidOperationException("Authentication:DevelopmentKey is for the environment Development only.");
    }

    private static ECDsaSecurityKey ReadKey(string base64)
    {
        var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(base64), out _);
        return new ECDsaSecurityKey(key);
    }
}
