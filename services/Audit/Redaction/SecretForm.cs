using System.Buffers;

namespace AgentPlatform.Audit.Redaction;

/// <summary>How the keys of one API look.</summary>
/// <param name="Prefix">What they begin with, letter case included.</param>
/// <param name="Minimum">How many characters follow at least.</param>
/// <param name="Alphabet">Of which characters.</param>
/// <param name="Exact">Whether it is that many and no more.</param>
public sealed record SecretForm(string Prefix, int Minimum, SearchValues<char> Alphabet, bool Exact = false);
