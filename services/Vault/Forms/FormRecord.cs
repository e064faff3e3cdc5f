using AgentPlatform.Contracts.Vault.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Vault.Forms;

/// <summary>A row of <c>vault.forms</c>.</summary>
public sealed record FormRecord(
    string Path, string Sha256, long SizeBytes, DateTimeOffset ModifiedAt, int Pages, string Title, FormTextState TextState, string Content, DateTimeOffset IndexedAt)
{
    public Form ToProto() => new()
    {
        Path = Path,
        Sha256 = Sha256,
        SizeBytes = SizeBytes,
        ModifyTime = ModifiedAt.ToTimestamp(),
        Pages = Pages,
        Title = Title,
        TextState = TextState,
        Text = Content.Length <= FormRules.ShownCharacters ? Content
            : Content[..(char.IsHighSurrogate(Content[FormRules.ShownCharacters - 1]) ? FormRules.ShownCharacters - 1 : FormRules.ShownCharacters)],
        IndexTime = IndexedAt.ToTimestamp(),
    };
}
