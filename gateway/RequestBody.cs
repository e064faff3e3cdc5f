using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace AgentPlatform.Gateway;

/// <summary>Reads a body that is worked on here as a whole. What is wrong with it is its sender's mistake, whatever the server calls it.</summary>
public static class RequestBody
{
    private const int PieceBytes = 64 * 1024;

    /// <summary>All of it.</summary>
    /// <param name="context">The request.</param>
    /// <param name="maximum">What it may have at most, in bytes; beyond, it is RESOURCE_EXHAUSTED `MESSAGE_TOO_LARGE`.</param>
    /// <exception cref="PlatformException">Also INVALID_ARGUMENT when it is no HTTP, DEADLINE_EXCEEDED `BODY_TOO_SLOW`, and UNAVAILABLE `OVERLOADED` when bodies hold too much memory already.</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context, int maximum)
    {
        if (context.Request.ContentLength > maximum)
            throw TooLarge(maximum);
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
            return default;
        var place = context.Features.Get<LoadPlace>();
        var buffer = new MemoryStream();
        var piece = new byte[PieceBytes];
        int read;
        while ((read = await ReadPieceAsync(context, piece, maximum)) > 0)
        {
            if (buffer.Length + read > maximum)
                throw TooLarge(maximum);
            if (place?.TryHold(read) is false)
                throw LoadGate.Refusal();
            buffer.Write(piece, 0, read);
        }
        return buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
    }

    private static async Task<int> ReadPieceAsync(HttpContext context, byte[] piece, int maximum)
    {
        try { return await context.Request.Body.ReadAsync(piece, context.RequestAborted); }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status408RequestTimeout)
        {
            throw new PlatformException(StatusCode.DeadlineExceeded, "BODY_TOO_SLOW", "The body came too slowly.", e);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge) { throw TooLarge(maximum, e); }
        // Of chunks whose size is no number, or none that fits one, the server says either.
        catch (IOException e) { throw Errors.InvalidArgument("body", $"cannot be read: {e.Message}"); }
    }

    private static PlatformException TooLarge(int maximum, Exception? cause = null) =>
        new(StatusCode.ResourceExhausted, "MESSAGE_TOO_LARGE", $"The body is larger than {maximum:N0} bytes.", cause);
}
