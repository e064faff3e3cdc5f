using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Tests.Vaults;

/// <summary>The rules and labels that tests of the vault set.</summary>
internal static class VaultCalls
{
    /// <summary>Lets every agent list and read what matches.</summary>
    public static Task<VaultRule> AllowAgentsAsync(this Platform platform, string pattern) =>
        platform.SetRuleAsync(new SetRuleRequest { Role = Role.Agent, Pattern = pattern, Effect = RuleEffect.Allow, Actions = { FileAction.Read, FileAction.List } });

    /// <summary>Lets one agent list and read what matches.</summary>
    public static Task<VaultRule> AllowAsync(this Platform platform, string agentId, string pattern) =>
        platform.SetRuleAsync(new SetRuleRequest { AgentId = agentId, Pattern = pattern, Effect = RuleEffect.Allow, Actions = { FileAction.Read, FileAction.List } });

    public static async Task<VaultRule> SetRuleAsync(this Platform platform, SetRuleRequest request)
    {
        request.Reason = "for a test";
        var superuser = await platform.ClientAsync<VaultAccessService.VaultAccessServiceClient>(Tokens.Superuser());
        return (await superuser.SetRuleAsync(request)).Rule;
    }

    public static async Task RemoveAsync(this Platform platform, VaultRule rule)
    {
        var superuser = await platform.ClientAsync<VaultAccessService.VaultAccessServiceClient>(Tokens.Superuser());
        await superuser.RemoveRuleAsync(new RemoveRuleRequest { Id = rule.Id });
    }

    public static async Task<VaultLabel> LabelAsync(this Platform platform, string name, string pattern, Role approver)
    {
        var superuser = await platform.ClientAsync<VaultAccessService.VaultAccessServiceClient>(Tokens.Superuser());
        return (await superuser.SetLabelAsync(new SetLabelRequest { Name = name, Pattern = pattern, ApproverRole = approver, Reason = "for a test" })).Label;
    }

    /// <summary>Reads to the end, and gives back what the vault says it has sent.</summary>
    public static async Task<ReadFileEnd> ReadAsync(this VaultService.VaultServiceClient client, string path, string approvalId = "")
    {
        using var call = client.ReadFile(new ReadFileRequest { Path = path, ApprovalId = approvalId });
        ReadFileEnd? end = null;
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            end = call.ResponseStream.Current.End;
        Assert.NotNull(end);
        return end;
    }
}
