using System.Security.Claims;
using System.Text.Json;
using AgentPlatform.Contracts.Access.V1;

namespace AgentPlatform;

/// <summary>
/// Finds the roles in a token. The claim's path is a setting, since issuers differ: "roles" is usual, Keycloak writes
/// "realm_access.roles". Roles that the platform does not know are ignored; they belong to other systems.
/// </summary>
internal static class RoleClaims
{
    private static readonly Dictionary<string, Role> Known =
        System.Enum.GetValues<Role>().Where(r => r != Role.Unspecified).ToDictionary(Caller.NameOf);

    public static IReadOnlyList<Role> Read(ClaimsPrincipal principal, string path)
    {
        var parts = path.Split('.', 2);
        var values = principal.FindAll(parts[0]).Select(c => c.Value);
        if (parts.Length == 2)
            values = values.SelectMany(v => InObject(v, parts[1]));
        return [.. values.Where(Known.ContainsKey).Select(v => Known[v]).Distinct()];
    }

    private static List<string> InObject(string json, string member)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty(member, out var roles) && roles.ValueKind == JsonValueKind.Array
                ? [.. roles.EnumerateArray().Where(r => r.ValueKind == JsonValueKind.String).Select(r => r.GetString()!)]
                : [];
        }
        catch (JsonException)
        {
            // The issuer writes something else under this claim: then the token gives no role, and access stays closed.
            return [];
        }
    }
}
