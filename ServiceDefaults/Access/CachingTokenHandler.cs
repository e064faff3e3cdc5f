using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace AgentPlatform;

/// <summary>
/// Remembers for a short while that a token was found valid: checking a signature takes longer than all else that a call does in
/// the process. A caller sends the same token with every call. Only what was found valid is remembered, under the token's
/// SHA-256; from the moment that the token expires each call is checked in full again, so that it is refused exactly as without
/// this, and an issuer's key that was withdrawn is noticed within a minute.
/// </summary>
public sealed class CachingTokenHandler(TokenHandler inner, TimeProvider clock) : TokenHandler
{
    /// <summary>The longest that a token is taken without being checked; two generations of it are kept.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    // As many callers with a token each are not forgotten between two of their calls; about 4 KiB each.
    private const int TokensPerGeneration = 4_096;

    private volatile Generation _young = new(clock.GetUtcNow());
    private volatile Generation? _old;

    public override async Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        var key = KeyOf(token);
        if (Find(key) is { } known && clock.GetUtcNow().UtcDateTime < known.SecurityToken.ValidTo)
            return known;

        var result = await inner.ValidateTokenAsync(token, validationParameters);
        if (result.IsValid)
            Keep(key, result);
        return result;
    }

    public override SecurityToken ReadToken(string token) => inner.ReadToken(token);

    private TokenValidationResult? Find(Key key) => Find(_young, key) ?? Find(_old, key);

    private TokenValidationResult? Find(Generation? generation, Key key) =>
        generation is not null && AgeOf(generation) < Longest ? generation.Tokens.GetValueOrDefault(key) : null;

    // A clock that was set back makes everything old.
    private TimeSpan AgeOf(Generation generation) =>
        clock.GetUtcNow() - generation.BegunAt is var age && age < TimeSpan.Zero ? TimeSpan.MaxValue : age;

    private void Keep(Key key, TokenValidationResult result)
    {
        var young = _young;
        if (young.Tokens.Count >= TokensPerGeneration || AgeOf(young) >= Longest / 2)
        {
            // Two calls may do so at once; a token that is lost by that is only checked once more.
            _old = young;
            _young = young = new Generation(clock.GetUtcNow());
        }
        young.Tokens[key] = result;
    }

    private static Key KeyOf(string token)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(token.AsSpan()), hash);
        return MemoryMarshal.Read<Key>(hash);
    }

    private readonly record struct Key(UInt128 First, UInt128 Second);

    // What it holds is never older than itself, so its beginning bounds the age of all.
    private sealed record Generation(DateTimeOffset BegunAt)
    {
        public ConcurrentDictionary<Key, TokenValidationResult> Tokens { get; } = new();
    }
}
