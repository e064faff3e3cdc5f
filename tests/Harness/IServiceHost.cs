namespace AgentPlatform.Tests;

/// <summary>A running service, whichever it is.</summary>
public interface IServiceHost : IAsyncDisposable
{
    string GrpcAddress { get; }

    string HttpAddress { get; }

    void Start();
}
