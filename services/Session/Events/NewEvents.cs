namespace AgentPlatform.Sessions;

/// <summary>Checked events on their way into a session, by column, as they go into the one statement that appends them.</summary>
public sealed record NewEvents(string[] Types, string[] Sources, string[] Messages, string[] Payloads, double[] Saliences, int[] SizesBytes)
{
    public int Count => Types.Length;

    /// <summary>1, 2, 3 …: their places among what is appended.</summary>
    public int[] Numbers => [.. Enumerable.Range(1, Count)];
}
