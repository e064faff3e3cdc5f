using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Vault;

/// <summary>What rules and labels may be, and their refusals. No I/O.</summary>
public static class VaultAccessRules
{
    /// <summary>Rules of one agent or role; every call of it looks at all of them.</summary>
    public const int RulesMaximum = 500;

    /// <summary>Labels in all; every call looks at all of them.</summary>
    public const int LabelsMaximum = 200;

    private const int ReasonMaximumCharacters = 1_000;

    public static PathPattern Read(SetRuleRequest request)
    {
        var checks = new FieldChecks()
            .Known("effect", request.Effect)
            .Require(request.Actions.Count > 0, "actions", "is required")
            .Require(request.Actions.All(a => a is FileAction.Read or FileAction.List), "actions", "has a value that is not known")
            .Require(request.Actions.Distinct().Count() == request.Actions.Count, "actions", "has one twice")
            .Require((request.AgentId.Length > 0) != (request.Role is not Role.Unspecified), "agent_id", "goes without role, and one of both is required")
            .Pattern("pattern", request.Pattern, out var pattern);
        if (request.AgentId.Length > 0)
            checks.DottedName("agent_id", request.AgentId);
        checks.Require(request.Role is Role.Unspecified or Role.Agent or Role.Operator or Role.Auditor, "role", "must be AGENT, OPERATOR or AUDITOR")
            .Require(request.Effect is not RuleEffect.Allow || request.Role is Role.Unspecified or Role.Agent, "effect",
                "cannot be ALLOW for people, who may do whatever no rule denies");
        return Check(checks, request.Reason, request.HasVersion ? request.Version : null, pattern);
    }

    public static PathPattern Read(SetLabelRequest request) =>
        Check(new FieldChecks()
            .Name("name", request.Name)
            .Pattern("pattern", request.Pattern, out var pattern)
            .Require(request.ApproverRole is Role.Operator or Role.Superuser, "approver_role", "must be OPERATOR or SUPERUSER"),
            request.Reason, request.HasVersion ? request.Version : null, pattern);

    public static void Check(ListRulesRequest request)
    {
        if (request.AgentId.Length > 0)
            new FieldChecks().DottedName("agent_id", request.AgentId).ThrowIfAny();
    }

    /// <summary>Refuses a change of something that has changed since it was seen; zero has seen that there was none.</summary>
    public static void CheckVersion(string resource, long present, long? seen)
    {
        if (seen is { } version && version != present)
            throw Errors.ConcurrentUpdate(resource);
    }

    /// <summary>Whom a rule is for, for people.</summary>
    public static string NameOf(string agentId, Role role) => agentId.Length > 0 ? $"agent {agentId}" : $"role {Caller.NameOf(role)}";

    public static PlatformException NotAllowed(FileAction action, string path) =>
        Errors.PermissionDenied("PATH_NOT_ALLOWED", $"No rule of the vault lets you {EnumText.Of(action)} {path}, whether it is there or not.");

    /// <summary>What an approval has to be for, told by the path alone.</summary>
    public static PlatformException ApprovalRequired(string path, LabelRecord label) => new(StatusCode.FailedPrecondition, "APPROVAL_REQUIRED",
        $"{path} is {label.Name}: name an approval of the action {FileApprovals.Action} with the path, the label and the file's SHA-256, which GetFile tells.")
    {
        Facts = new Dictionary<string, string>
        {
            ["action"] = FileApprovals.Action,
            ["path"] = path,
            ["label"] = label.Name,
            ["approver_role"] = EnumText.Of(label.ApproverRole),
        },
    };

    public static PlatformException ApproverTooLow(LabelRecord label) => Errors.PermissionDenied("APPROVER_TOO_LOW",
        $"What is {label.Name} takes the approval of a {EnumText.Of(label.ApproverRole)}; the one that was named, and is used up now, was anybody else's to give.");

    public static PlatformException RuleNotFound(Guid id) => Errors.NotFound("RULE_NOT_FOUND", $"There is no rule {id}.");

    public static PlatformException LabelNotFound(Guid id) => Errors.NotFound("LABEL_NOT_FOUND", $"There is no label {id}.");

    public static PlatformException TooManyRules(string ofWhom) =>
        Errors.FailedPrecondition("TOO_MANY_RULES", $"There are {RulesMaximum} rules for {ofWhom}; remove one, or take wider patterns.");

    public static PlatformException TooManyLabels() =>
        Errors.FailedPrecondition("TOO_MANY_LABELS", $"There are {LabelsMaximum} labels; remove one, or take wider patterns.");

    private static PathPattern Check(FieldChecks checks, string reason, long? version, PathPattern? pattern)
    {
        checks.Text("reason", reason, ReasonMaximumCharacters)
            .Require(!string.IsNullOrWhiteSpace(reason), "reason", "is required")
            .Require(version is null or >= 0, "version", "is negative")
            .ThrowIfAny();
        return pattern!;
    }
}
