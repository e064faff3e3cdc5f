using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Vault;

/// <summary>Counts the files of a walk; none of them is kept.</summary>
internal static class VaultStats
{
    public static GetVaultStatsResponse Of(VaultWalk walk)
    {
        var kinds = new SortedDictionary<FileKind, KindCount>();
        var stats = new GetVaultStatsResponse();
        foreach (var file in walk.Files())
        {
            if (!kinds.TryGetValue(file.Kind, out var count))
                kinds[file.Kind] = count = new KindCount { Kind = file.Kind };
            count.Count++;
            count.SizeBytes += file.SizeBytes;
            stats.LabelledCount += file.Label.Length > 0 ? 1 : 0;
            if (stats.NewestModifyTime is null || stats.NewestModifyTime < file.ModifyTime)
                stats.NewestModifyTime = file.ModifyTime;
        }
        stats.Kinds.Add(kinds.Values);
        stats.OtherCount = walk.OthersSeen;
        return stats;
    }
}
