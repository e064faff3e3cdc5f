using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>
/// One check of a configuration against its schema. What it tells holds names and places of the configuration, and never its values, which may be secret.
/// </summary>
public sealed class SchemaCheck
{
    /// <summary>
    /// A step is a rule's look at a value, or at some characters of it. A schema of 64 KiB can ask ten thousand things of each of ten thousand values, under the
    /// lock on the configuration's row; what people write takes some thousand steps.
    /// </summary>
    public const int MaximumSteps = 1_000_000;

    private const int CharactersPerStep = 16;

    private readonly JsonNotes _notes = new("config");
    private int _steps;
    private int _silent;

    private SchemaCheck()
    {
    }

    /// <summary>Nothing more is to be learnt once a rule is not met.</summary>
    public bool IsDecided => _silent > 0 || _notes.IsFull;

    /// <summary>Refuses a configuration that does not meet the schema, with what is wrong about it.</summary>
    public static void Run(JsonSchema schema, Struct config)
    {
        var check = new SchemaCheck();
        schema.IsMetBy(Value.ForStruct(config), check);
        check._notes.ThrowIfAny();
    }

    public void Spend(long steps)
    {
        if (steps > MaximumSteps - _steps)
            throw Errors.InvalidArgument("config", $"takes more than {MaximumSteps:N0} steps to check against its schema");
        _steps += (int)steps;
    }

    public void SpendOn(string text) => Spend(1 + text.Length / CharactersPerStep);

    /// <summary>Notes the reason when it does not hold.</summary>
    public bool Require(bool holds, string reason)
    {
        if (!holds && _silent == 0)
            _notes.Note(reason);
        return holds;
    }

    /// <summary>Checks a member or an element.</summary>
    public bool IsMetWithin(string name, JsonSchema schema, Value value)
    {
        _notes.Enter(name);
        var isMet = schema.IsMetBy(value, this);
        _notes.Leave();
        return isMet;
    }

    /// <summary>Checks without telling why not: one of several schemas may well be missed.</summary>
    public bool IsMetSilently(JsonSchema schema, Value value)
    {
        _silent++;
        var isMet = schema.IsMetBy(value, this);
        _silent--;
        return isMet;
    }

    /// <summary>Notes that a member is missing, at the place where it should be.</summary>
    public bool RequireMember(Struct members, string name)
    {
        if (members.Fields.ContainsKey(name))
            return true;
        _notes.Enter(name);
        Require(false, "is required");
        _notes.Leave();
        return false;
    }
}
