namespace AgentPlatform.Vault.Tables;

/// <summary>
/// XML as it goes to the parser, which has no limits of its own for how deep elements lie in each other nor for how many attributes one has: both would be
/// held in memory, many times as large as their text. What is too much is refused before the parser sees it. It follows the text as far as that takes: tags and the quotes
/// in them, comments, CDATA and instructions; whether all that is right, the parser says.
/// </summary>
internal sealed class MarkupGuard(TextReader xml, string part) : TextReader
{
    private State _state = State.Text;
    private char _quote;
    private char _last;
    private char _beforeLast;
    private int _tagCharacters;
    private int _depth;

    private enum State { Text, Opened, StartTag, EndTag, Quoted, Bang, Comment, Data, Declaration, Instruction }

    public override int Read(char[] buffer, int index, int count)
    {
        var read = xml.Read(buffer, index, count);
        foreach (var character in buffer.AsSpan(index, read))
            Follow(character);
        return read;
    }

    // The parser asks for blocks alone; these keep whoever else would ask from passing by.
    public override int Read() => throw new NotSupportedException();

    public override int Peek() => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            xml.Dispose();
        base.Dispose(disposing);
    }

    private void Follow(char character)
    {
        if (_state is State.Text)
        {
            if (character == '<')
                (_state, _tagCharacters) = (State.Opened, 0);
            return;
        }
        // Comments may be as long as they like: the parser passes over them.
        if (++_tagCharacters > TableLimits.XmlTagCharacters && _state is not (State.Comment or State.Data))
            throw TableErrors.TooLarge($"{part} has a tag of more than {TableLimits.XmlTagCharacters:N0} characters");
        var next = After(character);
        // Of what opens a comment, nothing can be part of its end.
        (_beforeLast, _last) = _state is State.Bang && next is (State.Comment or State.Data) ? ('\0', '\0') : (_last, character);
        _state = next;
    }

    private State After(char character) => (_state, character) switch
    {
        (State.Opened, '!') => State.Bang,
        (State.Opened, '?') => State.Instruction,
        (State.Opened, '/') => State.EndTag,
        (State.Opened, _) => State.StartTag,
        (State.Bang, '-') when _last == '-' => State.Comment,
        (State.Bang, '-') when _last == '!' => State.Bang,
        (State.Bang, '[') when _last == '!' => State.Data,
        (State.Bang, _) => State.Declaration,
        (State.Comment, '>') when _last == '-' && _beforeLast == '-' => State.Text,
        (State.Data, '>') when _last == ']' && _beforeLast == ']' => State.Text,
        (State.Instruction, '>') when _last == '?' => State.Text,
        (State.Declaration, '>') => State.Text,
        (State.EndTag, '>') => Leave(),
        (State.StartTag, '"' or '\'') => Quote(character),
        (State.Quoted, _) when character == _quote => State.StartTag,
        (State.StartTag, '>') => _last == '/' ? State.Text : Descend(),
        _ => _state,
    };

    private State Quote(char quote)
    {
        _quote = quote;
        return State.Quoted;
    }

    private State Descend() => ++_depth <= TableLimits.XmlDepth ? State.Text
        : throw TableErrors.TooLarge($"{part} has elements more than {TableLimits.XmlDepth} deep in each other");

    private State Leave()
    {
        _depth--;
        return State.Text;
    }
}
