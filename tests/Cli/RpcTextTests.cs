using AgentPlatform.Cli;
using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;

namespace AgentPlatform.Tests.Commands;

public sealed class RpcTextTests
{
    [Fact]
    public void A_refusal_is_told_with_code_and_reason()
    {
        var refusal = GrpcStatus.ToRpc(Errors.NotFound("FILE_NOT_FOUND", "There is no such file."));

        Assert.Equal("NOT_FOUND FILE_NOT_FOUND: There is no such file.", RpcText.Of(refusal));
    }

    [Fact]
    public void Without_details_and_with_unreadable_ones_the_status_has_to_do()
    {
        var bare = new RpcException(new Status(StatusCode.DeadlineExceeded, "too late"));
        var garbled = new RpcException(new Status(StatusCode.Unavailable, "away"), new Metadata { { GrpcStatus.DetailsKey, new byte[] { 255 } } });

        Assert.Equal("DEADLINE_EXCEEDED: too late", RpcText.Of(bare));
        Assert.Equal("UNAVAILABLE: away", RpcText.Of(garbled));
    }

    [Fact]
    public void Values_are_written_as_the_contracts_write_them() => Assert.Equal("PENDING_REVIEW", RpcText.Of(CostingStatus.PendingReview));
}
