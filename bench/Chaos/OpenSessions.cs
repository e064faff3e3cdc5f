using System.Diagnostics.CodeAnalysis;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Bench.Chaos;

/// <summary>The sessions of one agent that are not ended, as its callers know them. They share it, so that they meet at one session now and then.</summary>
internal sealed class OpenSessions
{
    private readonly Lock _gate = new();
    private readonly List<Session> _sessions = [];

    /// <summary>Takes note of a newer version; older ones are no news.</summary>
    public void Seen(Session session)
    {
        lock (_gate)
        {
            var at = _sessions.FindIndex(s => s.Id == session.Id);
            if (at >= 0 && _sessions[at].Version >= session.Version)
                return;
            if (at >= 0)
                _sessions.RemoveAt(at);
            if (session.Status is SessionStatus.Pending or SessionStatus.Active)
                _sessions.Add(session);
        }
    }

    /// <summary>Any of them.</summary>
    public bool TryPick(Random random, [NotNullWhen(true)] out Session? session)
    {
        lock (_gate)
            session = _sessions.Count == 0 ? null : _sessions[random.Next(_sessions.Count)];
        return session is not null;
    }
}
