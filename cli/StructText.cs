using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Cli;

/// <summary>Free JSON as people give it.</summary>
public static class StructText
{
    /// <summary>Reads an object; what <paramref name="whence"/> names is told when it is none.</summary>
    public static Struct Parse(string json, string whence)
    {
        try { return Struct.Parser.ParseJson(json); }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException) { throw new CliException($"{whence} is no JSON object: {e.Message}"); }
    }
}
