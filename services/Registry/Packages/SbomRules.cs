using System.Text.Json;

namespace AgentPlatform.Registry;

/// <summary>
/// What a bill of materials must have to be worth keeping: the members that CycloneDX's JSON schemas, 1.2 to 1.7, require at the top and of each component.
/// No I/O.
/// </summary>
public static class SbomRules
{
    public const int MaximumCharacters = 1024 * 1024;
    public const int MaximumComponents = 10_000;
    private const string Field = "sbom";
    private static readonly string[] SpecVersions = ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];
    private static readonly string[] ComponentTypes =
    [
        "application", "framework", "library", "container", "platform", "operating-system", "device", "device-driver", "firmware", "file",
        "machine-learning-model", "data", "cryptographic-asset",
    ];

    /// <summary>Notes what is wrong with it; gives back how many components it names.</summary>
    public static int Check(FieldChecks checks, string sbom)
    {
        checks.Text(Field, sbom, MaximumCharacters, minimum: 1);
        if (sbom.Length is 0 or > MaximumCharacters)
            return 0;
        try
        {
            using var document = JsonDocument.Parse(sbom, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return Check(checks, document.RootElement);
        }
        catch (JsonException)
        {
            checks.Require(false, Field, "is not JSON, or names a member twice");
            return 0;
        }
    }

    private static int Check(FieldChecks checks, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            checks.Require(false, Field, "is not a JSON object");
            return 0;
        }
        checks.Require(TextOf(root, "bomFormat") == "CycloneDX", $"{Field}.bomFormat", "must be CycloneDX")
            .Require(SpecVersions.Contains(TextOf(root, "specVersion")), $"{Field}.specVersion", "must be 1.2 to 1.7")
            // Required up to 1.3, and 1 unless given since.
            .Require(!root.TryGetProperty("version", out var version) ? TextOf(root, "specVersion") is not ("1.2" or "1.3")
                : version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) && number >= 1, $"{Field}.version", "must be a positive integer");
        if (!root.TryGetProperty("components", out var components))
            return 0;
        if (components.ValueKind != JsonValueKind.Array)
        {
            checks.Require(false, $"{Field}.components", "is not an array");
            return 0;
        }
        var count = components.GetArrayLength();
        checks.Require(count <= MaximumComponents, $"{Field}.components", $"has {count:N0} components; at most {MaximumComponents:N0} are allowed");
        if (count <= MaximumComponents)
            foreach (var (index, component) in components.EnumerateArray().Index())
                Check(checks, $"{Field}.components[{index}]", component);
        return count;
    }

    private static void Check(FieldChecks checks, string path, JsonElement component)
    {
        if (component.ValueKind != JsonValueKind.Object)
        {
            checks.Require(false, path, "is not a JSON object");
            return;
        }
        checks.Require(ComponentTypes.Contains(TextOf(component, "type")), $"{path}.type", "is not a type that CycloneDX knows")
            .Require(TextOf(component, "name") is { Length: > 0 }, $"{path}.name", "is required");
    }

    private static string? TextOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
