using Grpc.Core;

namespace AgentPlatform.Costings;

/// <summary>What holds for every review by a person, of costings as of price lists. No I/O.</summary>
public static class ReviewRules
{
    /// <summary>The refusal of a second decision.</summary>
    public static PlatformException AlreadyDecided(string what, string status, string reviewedBy) =>
        new(StatusCode.FailedPrecondition, "ALREADY_DECIDED", $"{what} was {status} by {reviewedBy}.")
        {
            Facts = new Dictionary<string, string> { ["reviewed_by"] = reviewedBy, ["status"] = status },
        };

    /// <summary>Refuses a decision on anything but what the decider saw.</summary>
    public static void CheckDigest(string what, string seen, string present)
    {
        if (!seen.Equals(present, StringComparison.OrdinalIgnoreCase))
            throw Errors.FailedPrecondition("DIGEST_MISMATCH", $"The digest is not that of {what}; look at it again and decide anew.");
    }

    /// <summary>
    /// Runs a step through a guarded door and puts it on record when the door holds: that somebody tried is worth an entry as much as that it opened.
    /// </summary>
    public static async Task<T> OnRecordAsync<T>(Database database, ServerCallContext context, string operation, string resource, Func<Task<T>> act)
    {
        try
        {
            return await act();
        }
        catch (PlatformException refusal) when (refusal.Code is StatusCode.FailedPrecondition or StatusCode.PermissionDenied)
        {
            await database.RecordRefusalAsync(context, operation, resource, refusal);
            throw;
        }
    }
}
