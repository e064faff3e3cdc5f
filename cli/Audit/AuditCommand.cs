using System.CommandLine;

namespace AgentPlatform.Cli.Audit;

/// <summary><c>agentctl audit</c>: reads the audit log, takes it away, and proves it.</summary>
public static class AuditCommand
{
    public static Command Create() => new("audit", "Reads the audit log, exports it, and verifies exports without the platform.")
    {
        AuditListCommand.Create(),
        AuditTailCommand.Create(),
        AuditMetricsCommand.Create(),
        AuditExportCommand.Create(),
        AuditVerifyCommand.Create(),
    };
}
