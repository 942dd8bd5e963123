"""Parse again after every rewrite: what was not touched is the same, what was touched is what was foretold."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from hardenfile.dockerfile import Directive, Document, Heredoc, Instruction, Span, parse
from hardenfile.dockerfile.parse import parse_fragment
from hardenfile.dockerfile.source import BOM
from hardenfile.errors import RewriteRejected

from .edit import Edit, apply, in_order


class _Foretold(NamedTuple):
    logical: str
    heredocs: tuple[Heredoc, ...]


def rewrite(document: Document, edits: Iterable[Edit]) -> Document:
    """The document after the edits, read anew. Raises RewriteRejected when it is not exactly what they foretell."""
    ordered = in_order(edits, len(document.text))
    text = apply(document.text, ordered)
    after = parse(text, document.path)
    if after.text != text:
        raise RewriteRejected("stray bytes would come together as a character")
    if _frame(after) != _frame(document) or (_mixed(after) and not _mixed(document)):
        raise RewriteRejected("the byte order mark, the line endings or the final newline would change")
    heading = [edit for edit in ordered if _directive_of(document, edit) is not None]
    if after.escape != document.escape or _directives(after) != _foretold_directives(document, heading):
        raise RewriteRejected("the parser directives would change")
    lost = Counter(comments(document)) - Counter(comments(after))
    if lost:
        raise RewriteRejected(f"a comment would be lost: {next(iter(lost))}")
    _compare(list(_foretell(document, [edit for edit in ordered if edit not in heading])), after.instructions)
    if len(after.errors) > len(document.errors):
        known = Counter(one.message for one in document.errors)
        new = next((one for one in after.errors if not known[one.message]), after.errors[-1])
        raise RewriteRejected(f"line {new.line} of the result would be refused: {new.message}")
    return after


def comments(document: Document) -> Iterator[str]:
    """The text of every comment, those among continuation lines included."""
    for kind, start, end, _ in document.passed:
        if kind == "comment":
            yield document.text[start:end].strip()
    for instruction in document.instructions:
        for span in instruction.comments:
            yield document.text[span.start : span.end].strip()


def _frame(document: Document) -> tuple[bool, bool]:
    """What no edit has any business with: the byte order mark, and how the last line ends."""
    return document.text.startswith(BOM), document.text.endswith("\n")


def _mixed(document: Document) -> bool:
    """Whether some lines end in CRLF and some in LF alone."""
    return 0 < document.text.count("\r\n") < document.text.count("\n")


def _directives(document: Document) -> tuple[tuple[str, str, int], ...]:
    return tuple((one.name, one.value, one.line) for one in document.directives.values())


def _directive_of(document: Document, edit: Edit) -> Directive | None:
    """The directive whose value an edit lies wholly inside of."""
    start, end = edit.span
    found = (one for one in document.directives.values() if one.span.start <= start and end <= one.span.end)
    return next(found, None)


def _foretold_directives(document: Document, edits: Sequence[Edit]) -> tuple[tuple[str, str, int], ...]:
    """The directives that the file should read as, with these edits of their values made."""
    foretold: list[tuple[str, str, int]] = []
    for one in document.directives.values():
        shift = one.span.start
        inside = (edit for edit in edits if _directive_of(document, edit) is one)
        moved = [Edit(Span(edit.span.start - shift, edit.span.end - shift), edit.text) for edit in inside]
        foretold.append((one.name, apply(one.value, moved), one.line))
    return tuple(foretold)


def _foretell(document: Document, edits: Sequence[Edit]) -> Iterator[_Foretold]:
    """The logical lines that the file should read as after the edits."""
    at = 0
    for instruction in document.instructions:
        start, end = instruction.span
        while at < len(edits) and edits[at].span.end <= start and edits[at].span.start < max(start, 1):
            yield from _added(document, edits[at])
            at += 1
        while at < len(edits) and edits[at].span == Span(start, start):
            yield from _added(document, edits[at])
            at += 1
        inside: list[Edit] = []
        while at < len(edits) and edits[at].span.start < end:
            inside.append(edits[at])
            at += 1
        if not inside:
            yield _Foretold(instruction.logical, instruction.heredocs)
        elif len(inside) == 1 and inside[0].span.start <= start and inside[0].span.end >= end:
            yield from _added(document, inside[0])
        else:
            yield _Foretold(_edited(instruction, inside), instruction.heredocs)
    for edit in edits[at:]:
        yield from _added(document, edit)


def _added(document: Document, edit: Edit) -> Iterator[_Foretold]:
    for one in parse_fragment(edit.text, document.escape).instructions:
        yield _Foretold(one.logical, one.heredocs)


def _edited(instruction: Instruction, edits: Sequence[Edit]) -> str:
    """The logical line with the edits made in it, continuations in what they add taken away."""
    if instruction.locked:
        raise RewriteRejected(f"line {instruction.first_line}: {instruction.locked}")
    token = re.escape(instruction.document.escape)
    joined = re.compile(rf"{token}[ \t]*\r*\n")
    logical = instruction.logical
    for edit in reversed(edits):
        start, end = (_logical(instruction, offset) for offset in edit.span)
        logical = logical[:start] + joined.sub("", edit.text) + logical[end:]
    return logical


def _logical(instruction: Instruction, offset: int) -> int:
    """Where an offset of the text stands in the logical line; between two pieces, where the next one starts."""
    for piece in instruction.pieces:
        if offset <= piece.physical + piece.length:
            return piece.logical + max(0, offset - piece.physical)
    raise RewriteRejected(f"line {instruction.first_line}: an edit lies outside the instruction's own lines")


def _compare(foretold: Sequence[_Foretold], got: Sequence[Instruction]) -> None:
    """Raises RewriteRejected where the result reads otherwise than foretold."""
    for want, have in zip(foretold, got, strict=False):
        if want.logical != have.logical or want.heredocs != have.heredocs:
            raise RewriteRejected(f"the result would read {have.logical[:80]!r} where {want.logical[:80]!r} was meant")
    if len(got) != len(foretold):
        raise RewriteRejected(f"the result would have {len(got)} instructions where {len(foretold)} were meant")
