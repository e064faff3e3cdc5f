using Grpc.Core;

namespace AgentPlatform;

/// <summary>Follows one thing that has a version: how it stands at once, and after every change, until it can change no more.</summary>
public sealed class Follower(Wakeups wakeups, StreamGate gate)
{
    /// <summary>Streams until the thing is final, the caller leaves, or the process stops. Changes that follow fast may be told as one.</summary>
    /// <param name="context">The call.</param>
    /// <param name="topic">What a change of the thing wakes.</param>
    /// <param name="find">Reads it, or refuses the caller.</param>
    /// <param name="version">Grows with every change.</param>
    /// <param name="isFinal">Whether it can change no more.</param>
    /// <param name="tell">Sends it.</param>
    public Task RunAsync<T>(
        ServerCallContext context, string topic, Func<Task<T>> find, Func<T, long> version, Func<T, bool> isFinal, Func<T, CancellationToken, Task> tell) =>
        gate.RunAsync(context, async stop =>
        {
            // Before the first look: a change after it is heard.
            using var wakeup = wakeups.Listen(topic);
            var toldVersion = 0L;
            while (true)
            {
                var thing = await find();
                if (version(thing) != toldVersion)
                    await tell(thing, stop);
                toldVersion = version(thing);
                if (isFinal(thing))
                    return;
                await wakeup.WaitAsync(stop);
            }
        });
}
