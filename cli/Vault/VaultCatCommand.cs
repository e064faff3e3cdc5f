using System.CommandLine;
using System.Security.Cryptography;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Cli.Vault;

/// <summary><c>agentctl vault cat</c>: a file's bytes, compared with the SHA-256 that comes after them.</summary>
public static class VaultCatCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("PATH") { Description = "The file, as vault ls shows it" };
        var output = new Option<FileInfo>("--output") { HelpName = "FILE", Description = "Writes there, unless it is there already, and not to the output" };
        var approval = new Option<string>("--approval") { HelpName = "ID", Description = "The approval that the file's label takes; it is used up" };
        var offset = new Option<long>("--offset") { HelpName = "N", Description = "The first byte. Unless given: the file's first" };
        var length = new Option<long>("--length") { HelpName = "N", Description = "How many bytes at most. Unless given: all that follow" };
        return new Command("cat", "Writes a file's bytes to the output.") { path, output, approval, offset, length }.Calls(async (caller, parsed) =>
        {
            var request = new ReadFileRequest
            {
                Path = parsed.GetRequiredValue(path),
                Offset = parsed.GetValue(offset),
                Length = parsed.GetValue(length),
                ApprovalId = parsed.GetValue(approval) ?? "",
            };
            return parsed.GetValue(output) is { } file ? await ToFileAsync(caller, request, file) : await ToOutputAsync(caller, request);
        });
    }

    private static async Task<int> ToOutputAsync(GatewayCaller caller, ReadFileRequest request)
    {
        await using var output = Console.OpenStandardOutput();
        await CopyAsync(caller, request, output);
        return ExitCode.Ok;
    }

    // Under another name until it is whole: a file of the name that was asked for is all of it.
    private static async Task<int> ToFileAsync(GatewayCaller caller, ReadFileRequest request, FileInfo file)
    {
        if (file.Exists)
            throw new CliException($"{file.FullName} is there already");
        var part = $"{file.FullName}.{Guid.NewGuid():N}.part";
        try
        {
            await using (var output = File.Create(part))
                await CopyAsync(caller, request, output);
            File.Move(part, file.FullName);
            return ExitCode.Ok;
        }
        finally
        {
            File.Delete(part);
        }
    }

    private static async Task CopyAsync(GatewayCaller caller, ReadFileRequest request, Stream output)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var call = caller.Vault.ReadFile(request);
        ReadFileEnd? end = null;
        await foreach (var part in call.ResponseStream.ReadAllAsync())
        {
            hash.AppendData(part.Chunk.Span);
            await output.WriteAsync(part.Chunk.Memory);
            end = part.End;
        }
        if (end?.Sha256 != Convert.ToHexStringLower(hash.GetHashAndReset()))
            throw new CliException("what came is not what the vault has sent; read it again");
    }
}
