using AgentPlatform.Cli;
using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace AgentPlatform.Bench.Vaults;

/// <summary>An agent that reads files of the vault.</summary>
public sealed class VaultReader(GrpcChannel channel, string token)
{
    private readonly VaultService.VaultServiceClient _vault = new(Authorized(channel, token));

    /// <summary>Lets every agent read everything.</summary>
    public static async Task AllowAsync(GrpcChannel channel, string superuserToken) =>
        await new VaultAccessService.VaultAccessServiceClient(Authorized(channel, superuserToken)).SetRuleAsync(
            new SetRuleRequest { Role = Role.Agent, Pattern = "**", Effect = RuleEffect.Allow, Actions = { FileAction.Read }, Reason = "bench" });

    /// <summary>Reads a file to its end.</summary>
    public async Task ReadAsync(string name)
    {
        using var call = _vault.ReadFile(new ReadFileRequest { Path = name });
        var (bytes, sent) = (0L, 0L);
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            bytes += call.ResponseStream.Current.Chunk.Length;
            sent = call.ResponseStream.Current.End?.SizeBytes ?? 0;
        }
        if (bytes != VaultFiles.FileBytes || sent != bytes)
            throw new CliException($"the vault gave {bytes:N0} bytes");
    }

    /// <summary>Calls with this token.</summary>
    public static CallInvoker Authorized(GrpcChannel channel, string token) =>
        channel.Intercept(metadata => { metadata.Add("authorization", $"Bearer {token}"); return metadata; });
}
