using System.Buffers.Binary;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace AgentPlatform.Gateway;

/// <summary>Stands in for a response's body while a service answers by gRPC: cuts what is written into messages, and gives each to whoever makes JSON of it.</summary>
internal sealed class GrpcFrames : Stream, IHttpResponseBodyFeature, IHttpResponseTrailersFeature
{
    private const int HeadBytes = 5;

    private readonly Func<ReadOnlyMemory<byte>, CancellationToken, Task> _take;
    private readonly MemoryStream _pending = new();
    private PipeWriter? _writer;

    public GrpcFrames(Func<ReadOnlyMemory<byte>, CancellationToken, Task> take) => _take = take;

    /// <summary>What the service says at the end.</summary>
    public IHeaderDictionary Trailers { get; set; } = new HeaderDictionary();

    public Stream Stream => this;

    public PipeWriter Writer => _writer ??= PipeWriter.Create(this, new StreamPipeWriterOptions(leaveOpen: true));

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _pending.Write(buffer.Span);
        var whole = _pending.GetBuffer().AsMemory(0, (int)_pending.Length);
        var taken = 0;
        while (whole.Length - taken >= HeadBytes)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(whole.Span[(taken + 1)..]);
            if (length < 0 || whole.Length - taken - HeadBytes < length)
                break;
            await _take(whole.Slice(taken + HeadBytes, length), cancellationToken);
            taken += HeadBytes + length;
        }
        if (taken == 0)
            return;
        var rest = whole[taken..].ToArray();
        _pending.SetLength(0);
        _pending.Write(rest);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Answers are written asynchronously.");

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush() { }

    // The real answer starts with its first message.
    public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task CompleteAsync() => Task.CompletedTask;

    public void DisableBuffering() { }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
