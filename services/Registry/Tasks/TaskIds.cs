using System.Buffers.Binary;

namespace AgentPlatform.Registry;

/// <summary>
/// Ids of tasks in the order of their making: version 7 within a millisecond is random, and tasks of one priority are delivered in the order of their ids. Of
/// one process; who makes tasks by two at the same millisecond has said nothing about their order.
/// </summary>
internal static class TaskIds
{
    private static readonly Lock Lock = new();
    private static long _millisecond;
    private static UInt128 _last;

    /// <summary>The next ids, ascending.</summary>
    public static Guid[] Next(int count, DateTimeOffset now)
    {
        var ids = new Guid[count];
        Span<byte> bytes = stackalloc byte[16];
        lock (Lock)
        {
            for (var i = 0; i < count; i++)
            {
                if (now.ToUnixTimeMilliseconds() != _millisecond)
                {
                    Guid.CreateVersion7(now).TryWriteBytes(bytes, bigEndian: true, out _);
                    (_millisecond, _last) = (now.ToUnixTimeMilliseconds(), BinaryPrimitives.ReadUInt128BigEndian(bytes));
                }
                else
                {
                    // RFC 9562, 6.2, method 2: the random part goes up by a random step.
                    _last += (uint)Random.Shared.Next(1, int.MaxValue);
                }
                BinaryPrimitives.WriteUInt128BigEndian(bytes, _last);
                ids[i] = new Guid(bytes, bigEndian: true);
            }
        }
        return ids;
    }
}
