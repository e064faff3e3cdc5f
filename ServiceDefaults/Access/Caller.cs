using System.Buffers;
using System.Security.Claims;
using AgentPlatform.Contracts.Access.V1;
using Grpc.Core;

namespace AgentPlatform;

/// <summary>Who is calling, as the bearer token says. A token is either an agent's or that of people and services.</summary>
public sealed record Caller
{
    private const string StateKey = "agentplatform.caller";
    private static readonly SearchValues<char> AgentIdCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_.-");

    /// <summary>The token's subject: unique among all callers.</summary>
    public required string Subject { get; init; }

    /// <summary>What the caller may act as.</summary>
    public required IReadOnlyList<Role> Roles { get; init; }

    /// <summary>The agent's id; empty for people and services.</summary>
    public string AgentId { get; init; } = "";

    /// <summary>The agent's version, when the token names one.</summary>
    public string AgentVersion { get; init; } = "";

    public bool IsAgent => AgentId.Length > 0;

    /// <summary>Which connections the caller's work takes.</summary>
    public PoolTier Tier => IsAgent ? PoolTier.Agent : Roles.Contains(Role.Service) ? PoolTier.System : PoolTier.Ui;

    /// <summary>Whether the caller may see what belongs to this agent: everybody but another agent.</summary>
    public bool MaySee(string agentId) => !IsAgent || AgentId == agentId;

    /// <summary>The agent id that a list is narrowed to: an agent's own, else what the caller asked for.</summary>
    public string NarrowTo(string requestedAgentId)
    {
        if (IsAgent && requestedAgentId.Length > 0 && requestedAgentId != AgentId)
            throw Errors.PermissionDenied("NOT_YOURS", $"An agent sees its own only; the token is of agent {AgentId}.");
        return IsAgent ? AgentId : requestedAgentId;
    }

    /// <summary>The roles as the token and the audit log write them.</summary>
    public IEnumerable<string> RoleNames => Roles.Select(NameOf);

    /// <summary>A role as the token writes it.</summary>
    public static string NameOf(Role role) => role.ToString().ToLowerInvariant();

    /// <summary>Reads the caller from a validated token; UNAUTHENTICATED when the token makes no sense to us.</summary>
    public static Caller From(ClaimsPrincipal principal, AuthenticationSettings settings)
    {
        var subject = principal.FindFirst("sub")?.Value ?? "";
        if (subject.Length is 0 or > 256 || subject.Any(char.IsControl))
            throw Errors.Unauthenticated("TOKEN_INVALID", "The token names no subject, one of more than 256 characters, or one with control characters.");

        var roles = RoleClaims.Read(principal, settings.RoleClaim);
        var agentId = principal.FindFirst("agent_id")?.Value ?? "";
        if (!roles.Contains(Role.Agent))
            return new Caller { Subject = subject, Roles = roles };

        // Were a token both, the agent could take a person's decisions on its own proposals.
        if (roles.Count > 1)
            throw Errors.Unauthenticated("ROLES_CONFLICT", "The role agent goes with no other role.");
        // As strict as every field that takes an agent's id: what passes here goes into rows and audit entries unchecked.
        if (agentId.Length is 0 or > 64 || agentId.AsSpan().ContainsAnyExcept(AgentIdCharacters))
            throw Errors.Unauthenticated("AGENT_ID_MISSING", "An agent's token names its id in the claim agent_id, 1–64 of [a-z0-9_.-].");
        return new Caller { Subject = subject, Roles = roles, AgentId = agentId, AgentVersion = VersionOf(principal) };
    }

    private static string VersionOf(ClaimsPrincipal principal) =>
        principal.FindFirst("agent_version")?.Value is { Length: <= 64 } version && !version.Any(char.IsControl) ? version : "";

    internal void Attach(ServerCallContext context) => context.UserState[StateKey] = this;

    internal static Caller Of(ServerCallContext context) => (Caller)context.UserState[StateKey];
}
