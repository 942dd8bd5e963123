"""A rewrite is taken only when it reads back as what it foretells."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardenfile.dockerfile import Span, parse
from hardenfile.errors import RewriteRejected
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.verify import comments, rewrite


def edit(text: str, old: str, new: str) -> Edit:
    """The smallest edit that makes `new` of `old`, where one of them starts or ends with the other."""
    assert text.count(old) == 1
    start, end = text.index(old), text.index(old) + len(old)
    if new.endswith(old):
        return Edit(Span(start, start), new.removesuffix(old))
    if new.startswith(old):
        return Edit(Span(end, end), new.removeprefix(old))
    return Edit(Span(start, end), new)


def outcome(text: str, old: str, new: str) -> str:
    return rewrite(parse(text), [edit(text, old, new)]).text


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("FROM a\nADD b c\n", "ADD", "COPY"),
        ("FROM a\nADD \\\n  # note\n\n  b c\n", "b c", "x y"),
        ("FROM a\nRUN x\n", "RUN x", "RUN x \\\n    && y"),
        ("FROM a\nRUN x\nCMD y\n", "CMD", "USER 1\nCMD"),
        ("FROM a\nRUN x\nCMD y\n", "RUN x\n", ""),
        ("FROM a\nRUN x\n\n# note\nCMD y\n", "# note\n", "RUN z\n# note\n"),
        ("FROM a\nCMD y", "CMD y", "CMD y\nUSER 1"),
        ("FROM a\r\nCMD y\r\n", "CMD", "USER 1\r\nCMD"),
        ("\ufeff# escape=`\nFROM a\nADD `\n b c\n", "ADD", "COPY"),
        ("FROM a\nRUN <<E\nx\nE\nCMD y\n", "RUN <<E", "RUN sh <<E"),
        ("FROM a\nRUN <<E\nx\nE\nCMD y\n", "CMD", "RUN <<F\nz\nF\nCMD"),
    ],
)
def test_what_reads_back_is_taken(text: str, old: str, new: str) -> None:
    assert outcome(text, old, new) == text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "old", "new", "says"),
    [
        ("FROM a\nRUN x \\\n", "\\\n", "\\\nUSER 1\n", "would read"),
        ("FROM a\nRUN x\nCMD y\n", "x", "x \\", "would read"),
        ("FROM a\nRUN x\nCMD y\n", "\nCMD", "\n# CMD", "outside the instruction's own lines"),
        ("FROM a\nRUN x\nCMD y\n", "CMD y\n", "CMD y\nUSER 1", "final newline"),
        ("FROM a\nRUN x\nCMD y", "y", "y\n", "final newline"),
        ("FROM a\r\nRUN x\r\nCMD y\r\n", "CMD", "USER 1\nCMD", "line endings"),
        ("FROM a\nRUN x\nCMD y\n", "CMD", "USER 1\r\nCMD", "line endings"),
        ("\ufeffFROM a\n", "\ufeff", "", "byte order mark"),
        ("\ufeffFROM a\n", "\ufeff", "ARG x\n\ufeff", "byte order mark"),
        ("# syntax=x\nFROM a\n", "# syntax=x\n", "", "directives"),
        ("# syntax=x\nFROM a\n", "# syntax", "ARG x\n# syntax", "directives"),
        ("# note\n# escape=`\nFROM a\n", "# note\n", "", "directives"),
        ("FROM a\n# note\nRUN x\n", "# note\n", "", "comment would be lost: # note"),
        ("FROM a\nRUN x \\\n  # note\n  y\n", "  # note\n", "", "comment would be lost: # note"),
        ("FROM a\nRUN x \\\n  # note\n  y\n", "note", "nothing", "comment would be lost: # note"),
        ("FROM a\nRUN <<E\nADD b c\nE\n", "ADD", "COPY", "outside the instruction's own lines"),
        ("FROM a\nRUN <<E\nADD b c\nE\n", "<<E", "<<F", "would read|refused|unterminated"),
        ("FROM a\nRUN x\nRUN y\n", "x\nRUN y", "x && y", "outside the instruction's own lines"),
        ("FROM a\nADD b c\n", "ADD", "ADDD", "refused: unknown instruction"),
        ("FROM a\nADD b c\n", "ADD", "COPY --unpack", "refused: unknown flag"),
        ("FROM a\nADD \udcff c\n", "ADD", "COPY", "no UTF-8"),
        ("FROM a\n\n# \udcc3x\udca9\nRUN y\n", "x", "", "stray bytes"),
        ("FROM a\nWHAT b\n", "WHAT", "RUN", "is no instruction"),
    ],
)
def test_what_does_not_is_rejected(text: str, old: str, new: str, says: str) -> None:
    with pytest.raises(RewriteRejected, match=says):
        outcome(text, old, new)


def test_a_mixed_file_may_stay_one() -> None:
    assert outcome("FROM a\r\nRUN x\nCMD y\r\n", "CMD", "USER 1\r\nCMD") == "FROM a\r\nRUN x\nUSER 1\r\nCMD y\r\n"
    assert outcome("FROM a\r\nRUN x\nCMD y\r\n", "RUN x\n", "") == "FROM a\r\nCMD y\r\n"


def test_comments_are_those_between_and_inside_instructions() -> None:
    document = parse("# syntax=x\n# one\nFROM a\n  # two\nRUN x \\\n  # three \\\n  y # four\nRUN <<E\n# five\nE\n")
    assert list(comments(document)) == ["# one", "# two", "# three \\"]


_TEXTS = (
    "# syntax=x\nFROM a\n# one\nRUN x \\\n  # two\n  && y\n\nADD b c\nCMD z\n",
    "\ufeffFROM a\r\nRUN <<E\r\nbody\r\nE\r\nCMD z",
    "# escape=`\nFROM a\nADD `\n\n  b c\nRUN x `\n",
)


@given(st.sampled_from(_TEXTS), st.data())
@settings(max_examples=400, deadline=None)
def test_whatever_is_taken_leaves_the_rest_alone(text: str, data: st.DataObject) -> None:
    """Any one edit: rejected, or every instruction that it does not touch is there, in order, and reads as before."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 12, len(text))))
    new = data.draw(
        st.sampled_from(("", "x", " ", "\n", "\\\n", "`\n", "# c\n", "USER 1\n", "RUN <<E\n", "E\n", '"', "\r\n"))
    )
    before = parse(text)
    try:
        after = rewrite(before, [Edit(Span(start, end), new)])
    except RewriteRejected:
        return
    assert after.text == text[:start] + new + text[end:]
    assert set(comments(before)) <= set(comments(after))
    assert len(after.errors) <= len(before.errors)
    assert (after.escape, after.text[:1] == "\ufeff") == (before.escape, before.text[:1] == "\ufeff")
    untouched = [one.logical for one in before.instructions if one.span.end <= start or one.span.start >= end]
    read = iter([one.logical for one in after.instructions])
    assert all(any(have == want for have in read) for want in untouched)
