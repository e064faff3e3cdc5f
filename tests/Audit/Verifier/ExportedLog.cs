using System.Text.Json.Nodes;
using AgentPlatform.Cli.Audit.Verification;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Tests.Audits;

/// <summary>A log of more than two checkpoints, exported by the service, for tests that spoil copies of the file.</summary>
public sealed class ExportedLog(TestServers servers) : IAsyncLifetime
{
    private const int EntryCount = 25;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentplatform-test-export-");
    private AuditLog? _log;

    /// <summary>The lines of the export.</summary>
    public IReadOnlyList<string> Lines { get; private set; } = [];

    /// <summary>The public key of the service.</summary>
    public string Key { get; private set; } = "";

    /// <summary>The service's own copy of its checkpoints.</summary>
    public string AnchorFile { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        _log = await AuditLog.StartAsync(servers);
        var service = await _log.Platform.ClientAsync<AuditService.AuditServiceClient>(Tokens.Service("costing"));
        await service.AppendEntriesAsync(new AppendEntriesRequest { Entries = { Unusual() } });
        await _log.AppendAsync(EntryCount - 1);
        // The checkpoint of the last entries is made by now or with the export's own entry; the first two are there in any case.
        Lines = (await _log.ExportAsync(new ExportEntriesRequest())).Split('\n')[..^1];
        Key = Path.Combine(_log.Platform.AuditFolder, "signing.pub.pem");
        AnchorFile = Path.Combine(_log.Platform.AuditFolder, "checkpoints.ndjson");
        await Eventually.TrueAsync(async () => (await File.ReadAllLinesAsync(AnchorFile)).Length >= 2, "two checkpoints in the anchor file");
    }

    public async ValueTask DisposeAsync()
    {
        await _log!.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>A file with these lines.</summary>
    public string Write(IEnumerable<string> lines)
    {
        var path = Path.Combine(_folder.FullName, $"{Guid.NewGuid():N}.ndjson");
        File.WriteAllText(path, string.Concat(lines.Select(l => l + "\n")));
        return path;
    }

    /// <summary>Verifies with the verifier of agentctl; the first break, or null when all holds.</summary>
    public ChainBreakException? Break(IEnumerable<string> lines, bool withAnchor = false)
    {
        using var keys = new PublicKeys([Key]);
        using var anchorFile = new StringReader(withAnchor ? File.ReadAllText(AnchorFile) : "");
        using var file = new StringReader(string.Concat(lines.Select(l => l + "\n")));
        try
        {
            ExportVerifier.Verify(file, keys, Anchor.Read(anchorFile, keys));
            return null;
        }
        catch (ChainBreakException e)
        {
            return e;
        }
    }

    /// <summary>Where the line of the entry at this position is.</summary>
    public int LineOf(long position) => Lines.Index().First(l => Is(l.Item, "entry") && JsonNode.Parse(l.Item)!["position"]!.GetValue<long>() == position).Index;

    /// <summary>Whether the line is of that kind.</summary>
    public static bool Is(string line, string kind) => JsonNode.Parse(line)!["kind"]!.GetValue<string>() == kind;

    // Whatever JSON can hold that two programs could read or order differently.
    private static AuditEntry Unusual()
    {
        var entry = Entries.OfService(resource: "costing/\u2028\"\\/é👋 \u0001");
        entry.ExecutionTimeMs = 0.1 + 0.2;
        entry.Metadata = Struct.Parser.ParseJson(
            """{"z":[1,-0.0,1e300,5e-324,9007199254740993,0.1,[],{}],"a":null,"\uffee":"after","\ud83d\udc4b":"before or after"," ":true,"<&>'":"\u007f\ufeff","mail":"sam@example.com"}""");
        return entry;
    }
}
