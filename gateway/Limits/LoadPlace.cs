namespace AgentPlatform.Gateway;

/// <summary>The place of a request among those in progress.</summary>
public sealed class LoadPlace(LoadGate gate, bool isStream = false) : IDisposable
{
    private bool _isStream = isStream;
    private int _heldBytes;

    /// <summary>Leaves the place of a call for one of a stream; false when there is none.</summary>
    public bool TryBecomeStream()
    {
        if (_isStream)
            return true;
        if (!gate.TryTakeStream())
            return false;
        gate.GiveBack(isStream: false, heldBytes: 0);
        return _isStream = true;
    }

    /// <summary>Notes that so much more of the request's body is kept here; false when bodies hold too much already.</summary>
    public bool TryHold(int bytes)
    {
        if (!gate.TryHold(bytes))
            return false;
        _heldBytes += bytes;
        return true;
    }

    /// <summary>Gives the place back, and what was held.</summary>
    public void Dispose() => gate.GiveBack(_isStream, _heldBytes);
}
