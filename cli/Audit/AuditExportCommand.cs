using System.CommandLine;
using AgentPlatform.Contracts.Audit.V1;
using Grpc.Core;

namespace AgentPlatform.Cli.Audit;

/// <summary><c>agentctl audit export</c>: the entries of a range of time as a file, which <c>agentctl audit verify</c> checks without the platform.</summary>
public static class AuditExportCommand
{
    private const string StandardOutput = "-";
    private static readonly string[] Formats = [.. Enum.GetValues<ExportFormat>().Where(f => f != ExportFormat.Unspecified).Select(f => f.ToString().ToLowerInvariant())];

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = $"The file to write; '{StandardOutput}' for the output." };
        var from = TimeOption.Create("--from", "Only what was recorded at this time or later");
        var to = TimeOption.Create("--to", "Only what was recorded before this time, and on to the checkpoint that covers the last of it");
        var format = new Option<string>("--format") { HelpName = "FORMAT", DefaultValueFactory = _ => Formats[0], Description = "ndjson, which can be verified, or csv for spreadsheets" };
        format.AcceptOnlyFromAmong(Formats);
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());

        var command = new Command("export", "Writes the entries of a range of time to a file.") { file, from, to, format, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            var request = new ExportEntriesRequest
            {
                StartTime = parsed.GetValue(from),
                EndTime = parsed.GetValue(to),
                Format = Enum.Parse<ExportFormat>(parsed.GetRequiredValue(format), ignoreCase: true),
            };
            using var connection = GatewayConnection.Open(GatewayConnection.Auditor, parsed.GetValue(gateway), parsed.GetValue(data));
            return await RunAsync(connection.Caller, request, parsed.GetRequiredValue(file), KeyOf(parsed.GetValue(gateway), parsed.GetValue(data)));
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayCaller caller, ExportEntriesRequest request, string file, string key)
    {
        if (file == StandardOutput)
        {
            await using var output = Console.OpenStandardOutput();
            await CopyAsync(caller, request, output);
            return ExitCode.Ok;
        }
        // Under another name until it is whole: half an export must not be taken for one.
        var draft = $"{file}.part";
        try
        {
            long bytes;
            await using (var output = new FileStream(draft, FileMode.Create, FileAccess.Write))
                bytes = await CopyAsync(caller, request, output);
            File.Move(draft, file, overwrite: true);
            Console.Error.WriteLine($"{file}: {bytes:N0} bytes.");
            if (request.Format == ExportFormat.Ndjson)
                Console.Error.WriteLine($"Verify it anywhere, with the public key: agentctl audit verify {file} --key {key}");
            return ExitCode.Ok;
        }
        finally
        {
            File.Delete(draft);
        }
    }

    // The platform on this machine has its public key in the data folder; another's has to be asked for.
    private static string KeyOf(string? gateway, string? dataFolder)
    {
        var local = Path.Combine(DataFolder.Locate(dataFolder).Entry("audit"), "signing.pub.pem");
        return gateway is null && File.Exists(local) ? local : "PUBLIC.pem";
    }

    private static async Task<long> CopyAsync(GatewayCaller caller, ExportEntriesRequest request, Stream output)
    {
        var bytes = 0L;
        // As long as it takes: the size is not known before.
        using var call = caller.Audit.ExportEntries(request, deadline: DateTime.MaxValue);
        await foreach (var piece in call.ResponseStream.ReadAllAsync())
        {
            await output.WriteAsync(piece.Data.Memory);
            bytes += piece.Data.Length;
        }
        return bytes;
    }
}
