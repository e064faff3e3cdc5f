using Npgsql;

namespace AgentPlatform;

/// <summary>
/// A service's table from the names of its database constraints to the refusals that callers see. A constraint that is
/// missing here is a fault of ours and becomes INTERNAL.
/// </summary>
public sealed class ConstraintErrors : Dictionary<string, Func<PlatformException>>
{
    /// <summary>The refusal for the violated constraint, or null when the table does not name it.</summary>
    public PlatformException? Find(PostgresException exception) =>
        exception.ConstraintName is { } name && TryGetValue(name, out var make) ? make() : null;
}
