using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>What one keyword of a schema asks of a value; whether it is met. A keyword that does not apply to the value's kind is.</summary>
public delegate bool SchemaRule(SchemaCheck check, Value value);
