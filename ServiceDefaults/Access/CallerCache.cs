using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AgentPlatform;

/// <summary>
/// Remembers for a while whose a token is that was found valid: checking a signature takes longer than all else that a call does in
/// the process, and a caller sends the same token with every call. Only what was found valid is remembered, under the SHA-256 of the header that
/// brought it; from the moment that the token expires each call is checked in full again, so that it is refused exactly as without this.
/// </summary>
public sealed class CallerCache(TimeProvider clock)
{
    /// <summary>The longest that a token is taken without being checked; two generations of it are kept.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    // A fleet whose agents have a token each does not push itself out between two of its heartbeats; about a third of a KiB each.
    private const int TokensPerGeneration = 131_072;

    private volatile Generation _young = new(clock.GetUtcNow());
    private volatile Generation? _old;

    /// <summary>The caller whose token this header brings, if it was found valid not long ago.</summary>
    public Caller? Find(string authorization)
    {
        var key = KeyOf(authorization);
        return (Find(_young, key) ?? Find(_old, key)) is { } known && clock.GetUtcNow() < known.ValidUntil ? known.Caller : null;
    }

    /// <summary>Remembers a caller whose token was checked in this moment.</summary>
    public void Keep(string authorization, Caller caller, DateTimeOffset validUntil)
    {
        var young = _young;
        if (young.Count >= TokensPerGeneration || AgeOf(young) >= Longest / 2)
        {
            // Two calls may do so at once; a token that is lost by that is only checked once more.
            _old = young;
            _young = young = new Generation(clock.GetUtcNow());
        }
        young.Keep(KeyOf(authorization), new Known(caller, validUntil));
    }

    private Known? Find(Generation? generation, Key key) =>
        generation is not null && AgeOf(generation) < Longest ? generation.Find(key) : null;

    // A clock that was set back makes everything old.
    private TimeSpan AgeOf(Generation generation) =>
        clock.GetUtcNow() - generation.BegunAt is var age && age < TimeSpan.Zero ? TimeSpan.MaxValue : age;

    private static Key KeyOf(string authorization)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(authorization.AsSpan()), hash);
        return MemoryMarshal.Read<Key>(hash);
    }

    private readonly record struct Key(UInt128 First, UInt128 Second);

    private sealed record Known(Caller Caller, DateTimeOffset ValidUntil);

    // What it holds is never older than itself, so its beginning bounds the age of all.
    private sealed class Generation(DateTimeOffset begunAt)
    {
        private readonly ConcurrentDictionary<Key, Known> _callers = new();
        private int _count;

        public DateTimeOffset BegunAt => begunAt;

        // The dictionary's own count locks it as a whole.
        public int Count => _count;

        public Known? Find(Key key) => _callers.GetValueOrDefault(key);

        public void Keep(Key key, Known known)
        {
            if (_callers.TryAdd(key, known))
                Interlocked.Increment(ref _count);
            else
                _callers[key] = known;
        }
    }
}
