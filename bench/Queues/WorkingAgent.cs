using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Bench.Queues;

/// <summary>An agent that completes at once whatever it is given.</summary>
public sealed class WorkingAgent(string id, long epoch, AgentLinkService.AgentLinkServiceClient links)
{
    // What its machine could work on meanwhile; peers take their jobs ahead as well.
    private const int MaxInFlight = 128;

    public string Id => id;

    /// <summary>Connects; it works until that is disposed of.</summary>
    /// <param name="held">Called when it holds a task.</param>
    /// <param name="ended">Called when the end of one is acknowledged.</param>
    public async Task<AgentWork> WorkAsync(Action held, Action ended)
    {
        var link = links.Connect();
        await link.RequestStream.WriteAsync(new ConnectRequest { Hello = new Hello { Epoch = epoch, MaxInFlight = MaxInFlight } });
        if (!await link.ResponseStream.MoveNext(CancellationToken.None) || link.ResponseStream.Current.Welcome is null)
            throw new IOException("An agent was not welcomed.");
        return new AgentWork(link, ReadAsync(link, held, ended));
    }

    private async Task ReadAsync(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> link, Action held, Action ended)
    {
        for (var number = 1; await link.ResponseStream.MoveNext(CancellationToken.None);)
        {
            switch (link.ResponseStream.Current)
            {
                case { Task: { } task }:
                    held();
                    var completion = new CompleteTaskRequest { Id = task.Id, Fence = new Fence { Epoch = epoch, Attempt = task.Attempt } };
                    await link.RequestStream.WriteAsync(new ConnectRequest { Number = number++, Complete = completion });
                    break;
                case { Answer: { Reason: "" } }:
                    ended();
                    break;
                case { Answer: { } answer }:
                    throw new IOException($"An end was refused: {answer.Reason} {answer.Message}");
            }
        }
    }
}
