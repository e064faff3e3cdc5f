namespace AgentPlatform.Gateway;

/// <summary>The place of a request among those in progress.</summary>
public sealed class LoadPlace(LoadGate gate, bool isStream = false) : IDisposable
{
    private bool _isStream = isStream;

    /// <summary>Leaves the place of a call for one of a stream; false when there is none.</summary>
    public bool TryBecomeStream()
    {
        if (_isStream)
            return true;
        if (!gate.TryTakeStream())
            return false;
        gate.GiveBack(isStream: false);
        return _isStream = true;
    }

    /// <summary>Gives the place back.</summary>
    public void Dispose() => gate.GiveBack(_isStream);
}
