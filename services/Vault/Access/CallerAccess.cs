using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Vault;

/// <summary>What one caller may do, by the rules and labels as they stood when its call began. No I/O.</summary>
/// <param name="caller">Who.</param>
/// <param name="rules">The rules of the caller's agent and roles, and of no others.</param>
/// <param name="labels">All labels.</param>
public sealed class CallerAccess(Caller caller, IReadOnlyList<RuleRecord> rules, IReadOnlyList<LabelRecord> labels)
{
    private bool IsSuperuser => caller.Roles.Contains(Role.Superuser);

    /// <summary>Whether the caller may do this with a file of this path, should there be one.</summary>
    public bool May(FileAction action, string path)
    {
        if (IsSuperuser)
            return true;
        var forms = new PathForms(path);
        var denials = rules.Where(r => r.Is(RuleEffect.Deny, action) && r.Pattern.MatchesInAnyForm(forms));
        if (caller.IsAgent)
            return !denials.Any() && rules.Any(r => r.Is(RuleEffect.Allow, action) && r.Pattern.Matches(forms));
        // A person of two roles has the rights of both, so it takes a denial of each.
        return caller.Roles.Where(role => role is Role.Operator or Role.Auditor).Except(denials.Select(r => r.Role)).Any();
    }

    /// <summary>Whether there can be a file in this folder, written with its "/" at the end, with which the caller may do this.</summary>
    public bool MayBelow(FileAction action, string folder)
    {
        var forms = new PathForms(folder);
        return !caller.IsAgent || rules.Any(r => r.Is(RuleEffect.Allow, action) && r.Pattern.MayMatchBelow(forms));
    }

    /// <summary>The label for which the caller needs an approval to read the file: the strictest, and of those the first by name; null when it needs none.</summary>
    public LabelRecord? LabelFor(string path) => IsSuperuser ? null : LabelOf(path);

    /// <summary>The strictest label of a file, whoever reads it.</summary>
    public LabelRecord? LabelOf(string path)
    {
        var forms = new PathForms(path);
        return labels.Where(l => l.Pattern.MatchesInAnyForm(forms))
            .OrderByDescending(l => l.ApproverRole == Role.Superuser).ThenBy(l => l.Name, StringComparer.Ordinal).FirstOrDefault();
    }
}
