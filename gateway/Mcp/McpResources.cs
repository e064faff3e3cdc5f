using System.Text;
using System.Text.Unicode;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Contracts.Vault.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace AgentPlatform.Gateway;

/// <summary>The vault's files and the sessions, as resources.</summary>
/// <param name="calls">The way of all calls.</param>
/// <param name="access">Who may call what.</param>
/// <param name="caller">Who asks.</param>
internal sealed class McpResources(GatewayCalls calls, AccessRules access, Caller caller)
{
    private const string Vault = "agentplatform://vault/";
    private const string Sessions = "agentplatform://sessions/";
    private const string VaultPages = "vault:";
    private const string SessionPages = "sessions:";
    private const string Json = "application/json";
    private const int PageSize = 100;

    // It goes to a model as one message; what is larger is read by REST or gRPC, in pieces.
    private const int FileMaximumBytes = 4_000_000;

    // Of JSON-RPC's range for a server's own errors.
    private const McpErrorCode Refused = (McpErrorCode)(-32000);

    private static readonly MethodDescriptor ListFiles = VaultService.Descriptor.FindMethodByName("ListFiles");
    private static readonly MethodDescriptor ReadFile = VaultService.Descriptor.FindMethodByName("ReadFile");
    private static readonly MethodDescriptor ListSessions = SessionService.Descriptor.FindMethodByName("ListSessions");
    private static readonly MethodDescriptor GetSession = SessionService.Descriptor.FindMethodByName("GetSession");

    /// <summary>The forms of their addresses.</summary>
    public static ListResourceTemplatesResult Templates() => new()
    {
        ResourceTemplates =
        [
            new ResourceTemplate { Name = "vault-file", Title = "A file of the vault", UriTemplate = $"{Vault}{{+path}}", Description = "Read-only; every read is on the audit log." },
            new ResourceTemplate { Name = "session", Title = "A session", UriTemplate = $"{Sessions}{{id}}", MimeType = Json, Description = "A piece of work that an agent does for somebody." },
        ],
    };

    /// <summary>A page of them: the files first, then the sessions, each as far as the caller may list them.</summary>
    public async ValueTask<ListResourcesResult> ListAsync(string? cursor, CancellationToken cancellation)
    {
        cursor ??= MayCall(ListFiles) ? VaultPages : SessionPages;
        if (cursor.StartsWith(VaultPages, StringComparison.Ordinal))
        {
            var files = await CallAsync<ListFilesResponse>(ListFiles, new ListFilesRequest { PageSize = PageSize, PageToken = cursor[VaultPages.Length..] }, cancellation);
            return new ListResourcesResult
            {
                Resources = [.. files.Files.Select(ToResource)],
                NextCursor = files.NextPageToken.Length > 0 ? VaultPages + files.NextPageToken : MayCall(ListSessions) ? SessionPages : null,
            };
        }
        if (!cursor.StartsWith(SessionPages, StringComparison.Ordinal))
            throw new McpProtocolException("The cursor is none of this list.", McpErrorCode.InvalidParams);
        if (!MayCall(ListSessions))
            return new ListResourcesResult();
        var sessions = await CallAsync<ListSessionsResponse>(ListSessions, new ListSessionsRequest { PageSize = PageSize, PageToken = cursor[SessionPages.Length..] }, cancellation);
        return new ListResourcesResult
        {
            Resources = [.. sessions.Sessions.Select(ToResource)],
            NextCursor = sessions.NextPageToken.Length > 0 ? SessionPages + sessions.NextPageToken : null,
        };
    }

    /// <summary>What one holds.</summary>
    public async ValueTask<ReadResourceResult> ReadAsync(string uri, CancellationToken cancellation)
    {
        if (uri.StartsWith(Vault, StringComparison.Ordinal))
            return new ReadResourceResult { Contents = [await ReadFileAsync(uri, Uri.UnescapeDataString(uri[Vault.Length..]), cancellation)] };
        if (!uri.StartsWith(Sessions, StringComparison.Ordinal))
            throw new McpProtocolException($"There is no resource {uri}.", McpErrorCode.ResourceNotFound);
        var session = await CallAsync<GetSessionResponse>(GetSession, new GetSessionRequest { Id = Uri.UnescapeDataString(uri[Sessions.Length..]) }, cancellation);
        return new ReadResourceResult { Contents = [new TextResourceContents { Uri = uri, MimeType = Json, Text = JsonFormatter.Default.Format(session.Session) }] };
    }

    private async Task<ResourceContents> ReadFileAsync(string uri, string path, CancellationToken cancellation)
    {
        using var bytes = new MemoryStream();
        var isWhole = false;
        await CallAsync<ReadFileResponse>(ReadFile, new ReadFileRequest { Path = path }, cancellation, message =>
        {
            var part = (ReadFileResponse)message;
            if (part.PartCase == ReadFileResponse.PartOneofCase.File && part.File.SizeBytes > FileMaximumBytes)
                throw new McpProtocolException($"{path} is larger than {FileMaximumBytes:N0} bytes; read it by REST or gRPC.", Refused);
            isWhole |= part.PartCase == ReadFileResponse.PartOneofCase.End;
            bytes.Write(part.Chunk.Span);
        });
        if (!isWhole)
            throw new McpProtocolException($"{path} ended too early; read it again.", Refused);
        var content = bytes.ToArray();
        var type = TypeOf(path);
        return type is "text/csv" or "application/xml" && Utf8.IsValid(content)
            ? new TextResourceContents { Uri = uri, MimeType = type, Text = Encoding.UTF8.GetString(content) }
            : BlobResourceContents.FromBytes(content, uri, type);
    }

    private async Task<T> CallAsync<T>(MethodDescriptor method, IMessage request, CancellationToken cancellation, Action<IMessage>? take = null) where T : class, IMessage
    {
        var answer = await calls.CallAsync(method, request, null, take is null ? null : (message, _) =>
        {
            take(message);
            return Task.CompletedTask;
        }, cancellation);
        return answer.Problem is { } problem ? throw new McpProtocolException($"{problem.Reason}: {problem.Message}", CodeOf(problem.Code)) : (T)answer.Message!;
    }

    private bool MayCall(MethodDescriptor method) => access.Find($"/{method.Service.FullName}/{method.Name}") is { } rule && caller.Roles.Any(rule.Roles.Contains);

    private static McpErrorCode CodeOf(StatusCode code) => code switch
    {
        StatusCode.NotFound => McpErrorCode.ResourceNotFound,
        StatusCode.InvalidArgument => McpErrorCode.InvalidParams,
        _ => Refused,
    };

    private static Resource ToResource(VaultFile file) => new()
    {
        Name = file.Path,
        Uri = Vault + string.Join('/', file.Path.Split('/').Select(Uri.EscapeDataString)),
        MimeType = TypeOf(file.Path),
        Size = file.SizeBytes,
    };

    private static Resource ToResource(Session session) => new()
    {
        Name = session.Id,
        Title = session.Task.Length > 0 ? session.Task : $"A session of {session.Role}",
        Description = $"{session.Role}, {session.Status.ToString().ToUpperInvariant()}",
        Uri = Sessions + session.Id,
        MimeType = Json,
    };

    private static string TypeOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".pdf" => "application/pdf",
        ".xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ".xml" => "application/xml",
        ".csv" => "text/csv",
        _ => "application/octet-stream",
    };
}
