using OpenTelemetry.Trace;

namespace AgentPlatform;

/// <summary>Takes every trace but those of health probes, which come several times a second and tell nothing.</summary>
internal sealed class HealthProbeSampler : Sampler
{
    public override SamplingResult ShouldSample(in SamplingParameters parameters)
    {
        foreach (var tag in parameters.Tags ?? [])
        {
            if (tag is { Key: "url.path", Value: "/health" or "/alive" or "/grpc.health.v1.Health/Check" or "/grpc.health.v1.Health/Watch" })
                return new SamplingResult(SamplingDecision.Drop);
        }
        return new SamplingResult(SamplingDecision.RecordAndSample);
    }
}
