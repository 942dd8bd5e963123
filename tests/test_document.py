"""The document loses nothing, never fails, and reads odd corners as BuildKit's own parser was seen to."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardenfile.dockerfile import Document, Instruction, parse
from hardenfile.dockerfile.parse import MAX_LINE
from tests.support.dockerfiles import sources, texts


def with_triggers(document: Document) -> list[Instruction]:
    """All instructions, those under ONBUILD too."""
    return [one for at in document.instructions for one in (at, at.sub) if one is not None]


@settings(max_examples=400, deadline=None)
@given(sources)
def test_gives_its_bytes_back(data: bytes) -> None:
    assert parse(data).to_bytes() == data


@settings(max_examples=300, deadline=None)
@given(sources)
def test_nodes_partition_the_text(data: bytes) -> None:
    document = parse(data)
    assert "".join(document.text[node.span.start : node.span.end] for node in document.nodes) == document.text
    assert all(node.span.start < node.span.end for node in document.nodes)
    starts = [document.source.line_at(node.span.start) for node in document.nodes]
    lines = [node.first_line if isinstance(node, Instruction) else node.line for node in document.nodes]
    assert starts == lines


@settings(max_examples=400, deadline=None)
@given(sources)
def test_places_lead_to_the_text(data: bytes) -> None:
    document = parse(data)
    for one in with_triggers(document):
        for span in (one.split.keyword_span, *(flag.span for flag in one.flags), *(word.span for word in one.words)):
            assert 0 <= span.start <= span.end <= len(one.logical)
            place = one.place(span)
            if place is not None:
                assert document.text[place.start : place.end] == one.logical[span.start : span.end]
            assert one.first_line <= one.line_of(span.start) <= one.last_line


@settings(max_examples=300, deadline=None)
@given(sources)
def test_pieces_make_the_logical_line(data: bytes) -> None:
    document = parse(data)
    for one in document.instructions:
        assert "".join(document.text[p.physical : p.physical + p.length] for p in one.pieces) == one.logical
        assert all(document.text[span.start] == "#" for span in one.comments)
        assert all(document.text[span.start : span.end].count("\n") == 0 for span in one.comments)


@settings(max_examples=300, deadline=None)
@given(texts)
def test_words_stand_in_order(text: str) -> None:
    for one in with_triggers(parse(text)):
        ends = [0, *(word.span.end for word in one.words)]
        assert all(word.span.start >= end for word, end in zip(one.words, ends, strict=False))
        if not one.json and one.logical.isascii():
            assert [one.logical[word.span.start : word.span.end] for word in one.words] == [w.text for w in one.words]


@settings(max_examples=400, deadline=None)
@given(sources)
def test_never_fails(data: bytes) -> None:
    document = parse(data)
    last = max(len(data.removesuffix(b"\n").split(b"\n")), 1)
    assert all(1 <= one.line <= last and one.message for one in document.diagnostics)
    for one in with_triggers(document):
        assert one.locked is None or one.locked
        assert one.value in one.logical
        assert all(len(pair) == 2 for pair in one.pairs())
        assert isinstance(one.shell.commands, tuple)
        assert repr(one)
    for stage in document.stages:
        assert stage.base_word.text == stage.instruction.args[0]
        for one in stage.instructions:
            assert stage.before(one) is not None
            assert len(stage.values(one)) == len(one.args)


@settings(max_examples=200, deadline=None)
@given(st.one_of(texts, st.text(max_size=80)))
def test_takes_text_as_well_as_bytes(text: str) -> None:
    assert parse(text).text == text
    assert parse(text).to_bytes() == text.encode()


@pytest.mark.parametrize("text", ["FROM \ud800", "\udc80", "FROM a\nRUN \udcff\ud83d", "FROM \ud83d\ude00"])
def test_takes_text_that_is_no_unicode(text: str) -> None:
    """Half of a surrogate pair has no UTF-8; it becomes stray bytes, which stay what they are from then on."""
    document = parse(text)
    assert parse(document.to_bytes()).text == document.text
    assert all(one.locked for one in document.instructions[-1:])


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM a\nRUN ", ""),
        ("FROM a\nRUN a \\\n", ""),
        ("#", "\nFROM a"),
        ("FROM a\nRUN <<E\n", "\nE"),
        ("\ufeffFROM ", ""),
    ],
)
def test_a_line_holds_so_many_bytes(before: str, after: str, over: int, ending: str) -> None:
    """65,535 bytes with a CR, if there is one, and without the LF; at the end of the file too."""
    room = MAX_LINE - len(before.split("\n")[-1].encode()) - ending.count("\r") * (not after)
    document = parse(before + "x" * (room + over) + (after or ending))
    assert [one.message for one in document.errors] == ["the line is longer than 65,535 bytes"] * over


def test_counts_bytes_and_not_characters() -> None:
    assert not parse("FROM a\n#" + "é" * (MAX_LINE // 2)).errors
    assert parse("FROM a\n#" + "é" * (MAX_LINE // 2 + 1)).errors


# What BuildKit's own parser (August 2026) reads: keyword, flags, arguments, whether they are JSON.
READINGS: list[tuple[str, tuple[str, list[str], list[str], bool]]] = [
    # keywords: by the lower case of each letter
    ("\u212a", ("\u212a", [], [""], False)),
    ("WOR\u212aDIR /a", ("WORKDIR", [], ["/a"], False)),
    ("ma\u0130ntainer a", ("MAINTAINER", [], ["a"], False)),
    ("U\u017fER a", ("U\u017fER", [], [""], False)),
    ("\ufeffRUN a", ("\ufeffRUN", [], [""], False)),
    ("RUN\u2028a", ("RUN\u2028A", [], [""], False)),
    ("\u3000RUN\ta\u3000", ("RUN", [], ["a"], False)),
    ("RUN a\x1c", ("RUN", [], ["a\x1c"], False)),
    ("RUN\x00 a", ("RUN\x00", [], [""], False)),
    ("R\\\n# c\n\nUN a", ("RUN", [], ["a"], False)),
    ("R\\\n  UN a", ("R", [], [""], False)),
    # flags: byte by byte
    ("RUN --", ("RUN", [], [], False)),
    ("RUN -- a", ("RUN", [], ["a"], False)),
    ("RUN --a -- --b", ("RUN", ["--a"], ["--b"], False)),
    ('RUN --"" a', ("RUN", [], ["a"], False)),
    ("RUN -a --b", ("RUN", [], ["-a --b"], False)),
    ("RUN --a='b c'\"d\"e f", ("RUN", ["--a=b cde"], ["f"], False)),
    ("RUN --a='b c", ("RUN", ["--a=b c"], [], False)),
    ("RUN --a=b\\ c\\\\d e", ("RUN", ["--a=b c\\d"], ["e"], False)),
    ("RUN --a\\\n=b \\\n --c d", ("RUN", ["--a=b", "--c"], ["d"], False)),
    ("COPY --a=é b c", ("COPY", ["--a=Ã©"], ["b", "c"], False)),
    ("COPY --a=à b c", ("COPY", ["--a=Ã"], ["b", "c"], False)),
    ("COPY --a=\u2160--b c d", ("COPY", ["--a=â", "--b"], ["c", "d"], False)),
    ("RUN \u00a0--a b", ("RUN", [], ["--a b"], False)),
    # HEALTHCHECK: a type, then a command
    ("HEALTHCHECK", ("HEALTHCHECK", [], [], False)),
    ("HEALTHCHECK --retries=1", ("HEALTHCHECK", ["--retries=1"], [], False)),
    ("HEALTHCHECK none", ("HEALTHCHECK", [], ["none"], False)),
    ("HEALTHCHECK CMD", ("HEALTHCHECK", [], ["CMD"], False)),
    ("HEALTHCHECK CMD  a  b", ("HEALTHCHECK", [], ["CMD", "a  b"], False)),
    ('HEALTHCHECK CMD ["a", "b"]', ("HEALTHCHECK", [], ["CMD", "a", "b"], True)),
    ('HEALTHCHECK CMD \u00a0["a"]', ("HEALTHCHECK", [], ["CMD", "a"], True)),
    ('HEALTHCHECK ["a"] ["b"]', ("HEALTHCHECK", [], ['["a"]', "b"], True)),
    # ENV, LABEL, ARG: quote-aware words
    ("ENV a b=c  d", ("ENV", [], ["a", "b=c  d", ""], False)),
    ("ENV a\u00a0b=c d", ("ENV", [], ["a\u00a0b=c", "d", ""], False)),
    (
        'ENV a=\'b c\' d="e\\" f" g=h\\ i',
        ("ENV", [], ["a", "'b c'", "=", "d", '"e\\" f"', "=", "g", "h\\ i", "="], False),
    ),
    ("ENV a=b \\", ("ENV", [], ["a", "b", "="], False)),
    ('ENV a="b\\', ("ENV", [], ["a", '"b', "="], False)),
    ("LABEL a=b=c", ("LABEL", [], ["a", "b=c", "="], False)),
    ("LABEL =", ("LABEL", [], ["", "", "="], False)),
    ("ARG a='b c' d\u2003e", ("ARG", [], ["a='b c'", "d", "e"], False)),
    # JSON
    ("CMD []", ("CMD", [], [], True)),
    ('CMD [ "a" ,\t"b" ]', ("CMD", [], ["a", "b"], True)),
    ('CMD ["a"] # b', ("CMD", [], ['["a"] # b'], False)),
    ("CMD ['a']", ("CMD", [], ["['a']"], False)),
    ('CMD ["a\tb"]', ("CMD", [], ['["a\tb"]'], False)),
    ('CMD ["\\ud83d\\ude00\\ud83d\\u0041"]', ("CMD", [], ["\U0001f600\ufffdA"], True)),
    ('CMD ["\\u00e9\\/\\n\\u0000"]', ("CMD", [], ["é/\n\x00"], True)),
    ('CMD ["\\x"]', ("CMD", [], ['["\\x"]'], False)),
    ("CMD [NaN]", ("CMD", [], ["[NaN]"], False)),
    ("CMD [1e999]", ("CMD", [], ["[1e999]"], False)),
    ("CMD [01]", ("CMD", [], ["[01]"], False)),
    ('CMD ["a"\u00a0]', ("CMD", [], ['["a"\u00a0]'], False)),
    ('COPY ["a b", "c"]', ("COPY", [], ["a b", "c"], True)),
    ('COPY "a b" c', ("COPY", [], ['"a', 'b"', "c"], False)),
    ('EXPOSE ["80"]', ("EXPOSE", [], ['["80"]'], False)),
]


@pytest.mark.parametrize(("line", "reading"), READINGS, ids=[ascii(line) for line, _ in READINGS])
def test_reads_a_line_as_buildkit_does(line: str, reading: tuple[str, list[str], list[str], bool]) -> None:
    one = parse("FROM a\n" + line).instructions[1]
    assert (one.keyword, [str(flag) for flag in one.flags], list(one.args), one.json) == reading
