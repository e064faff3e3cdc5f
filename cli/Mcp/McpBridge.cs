using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace AgentPlatform.Cli.Mcp;

/// <summary>Passes messages on between a client and the gateway, as they are, until the client has gone.</summary>
public sealed class McpBridge(ITransport near, ITransport far)
{
    // How many calls of a client may be under way; it waits with more.
    private const int AtOnce = 32;

    private readonly SemaphoreSlim _free = new(AtOnce, AtOnce);

    /// <summary>Ends when the client has closed its side, and what it has asked for is done.</summary>
    public async Task RunAsync()
    {
        using var gone = new CancellationTokenSource();
        var answering = AnswerAsync(gone.Token);
        await foreach (var message in near.MessageReader.ReadAllAsync())
        {
            await _free.WaitAsync();
            var sending = SendAsync(message);
            // What begins a session goes alone: what follows needs its id.
            if (message is JsonRpcRequest { Method: RequestMethods.Initialize })
                await sending;
        }
        for (var i = 0; i < AtOnce; i++)
            await _free.WaitAsync();
        await gone.CancelAsync();
        await answering;
    }

    private async Task SendAsync(JsonRpcMessage message)
    {
        try
        {
            // Of this line alone: which transport it came by.
            message.Context = null;
            await far.SendMessageAsync(message);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or McpException or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync($"agentctl: {e.Message}");
            // Or the client would wait for it for ever.
            if (message is JsonRpcRequest request)
                await near.SendMessageAsync(new JsonRpcError { Id = request.Id, Error = new JsonRpcErrorDetail { Code = (int)McpErrorCode.InternalError, Message = e.Message } });
        }
        finally
        {
            _free.Release();
        }
    }

    private async Task AnswerAsync(CancellationToken gone)
    {
        try
        {
            await foreach (var message in far.MessageReader.ReadAllAsync(gone))
            {
                message.Context = null;
                await near.SendMessageAsync(message, gone);
            }
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested) { }
    }
}
