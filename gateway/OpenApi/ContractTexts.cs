using System.Collections.Frozen;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace AgentPlatform.Gateway;

/// <summary>
/// The comments of the contracts, which are the texts of what is told about them. Generated descriptors carry none, so they are read from the copy of the contracts that the
/// build puts into their assembly.
/// </summary>
public sealed class ContractTexts
{
    private const string Resource = "contracts.binpb";

    private readonly FrozenDictionary<string, string> _texts;

    public ContractTexts()
    {
        using var resource = typeof(Contracts.Session.V1.Session).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The assembly of the contracts has no resource {Resource}.");
        var files = FileDescriptor.BuildFromByteStrings(FileDescriptorSet.Parser.ParseFrom(resource).File.Select(f => f.ToByteString()));
        _texts = files.SelectMany(AllOf)
            .Where(t => t.Declaration is { LeadingComments.Length: > 0 })
            .ToFrozenDictionary(t => t.Name, t => Clean(t.Declaration!.LeadingComments));
    }

    /// <summary>The comment of a message, a field, an enum, a value, a service or an RPC; empty when it has none.</summary>
    public string Of(IDescriptor part) => _texts.GetValueOrDefault(part.FullName, "");

    /// <summary>Whether a request is refused without this field, whatever else is in it.</summary>
    public bool IsRequired(IDescriptor part) => Of(part).StartsWith("Required.", StringComparison.Ordinal);

    /// <summary>Whether this field is for answers only.</summary>
    public bool IsOutput(IDescriptor part) => Of(part).StartsWith("Output only.", StringComparison.Ordinal);

    /// <summary>The first sentence of a text, without its full stop.</summary>
    public static string FirstSentence(string text)
    {
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        return (end < 0 ? text : text[..end]).TrimEnd('.');
    }

    private static IEnumerable<(string Name, DescriptorDeclaration? Declaration)> AllOf(FileDescriptor file) =>
        file.MessageTypes.SelectMany(AllOf).Concat(file.EnumTypes.SelectMany(AllOf)).Concat(file.Services.SelectMany(s =>
            s.Methods.Select(m => (m.FullName, (DescriptorDeclaration?)m.Declaration)).Prepend((s.FullName, s.Declaration))));

    private static IEnumerable<(string Name, DescriptorDeclaration? Declaration)> AllOf(MessageDescriptor type) =>
        type.Fields.InDeclarationOrder().Select(f => (f.FullName, (DescriptorDeclaration?)f.Declaration)).Prepend((type.FullName, type.Declaration))
            .Concat(type.Oneofs.Select(o => (o.FullName, (DescriptorDeclaration?)o.Declaration)))
            .Concat(type.NestedTypes.SelectMany(AllOf)).Concat(type.EnumTypes.SelectMany(AllOf));

    private static IEnumerable<(string Name, DescriptorDeclaration? Declaration)> AllOf(EnumDescriptor type) =>
        type.Values.Select(v => (v.FullName, (DescriptorDeclaration?)v.Declaration)).Prepend((type.FullName, type.Declaration));

    // Lines are broken where the file's are wide enough, which means nothing to a reader.
    private static string Clean(string comment) =>
        string.Join(' ', comment.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
}
