"""Edits of a text, and the history that composes the edits of many steps into edits of the original."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from hardenfile.dockerfile.source import Span
from hardenfile.errors import Overlap


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters of `span` by `text`; an empty span inserts. Offsets are those of the text it edits."""

    span: Span
    text: str


def in_order(edits: Iterable[Edit], length: int) -> list[Edit]:
    """The edits sorted by place; insertions at one place keep their order and go before what is replaced there.

    Raises `Overlap` when two edits share characters or one inserts inside what another replaces, and `ValueError`
    when a span does not lie in a text of `length` characters.
    """
    ordered = sorted(edits, key=lambda edit: edit.span)
    for edit in ordered:
        start, end = edit.span
        if not 0 <= start <= end <= length:
            raise ValueError(f"edit of characters {start} to {end} in a text of {length}")
    for before, after in pairwise(ordered):
        if after.span.start < before.span.end:
            raise Overlap(
                f"edits overlap: characters {before.span.start} to {before.span.end} "
                f"and {after.span.start} to {after.span.end}"
            )
    return ordered


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text after the edits, all in offsets of `text`. Raises as `in_order` does."""
    parts: list[str] = []
    at = 0
    for edit in in_order(edits, len(text)):
        parts += (text[at : edit.span.start], edit.text)
        at = edit.span.end
    return "".join((*parts, text[at:]))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of the present text: `length` characters of the original from `origin` on, or what was added there."""

    origin: int
    length: int
    added: str | None = None

    def cut(self, start: int, end: int) -> "_Piece":
        if self.added is None:
            return _Piece(self.origin + start, end - start)
        return _Piece(self.origin, end - start, self.added[start:end])


class History:
    """An original text and every later edit, as a piece table: the composition of all steps.

    A step costs time in proportion to the pieces and the edits, and one copy of the text.
    """

    __slots__ = ("_original", "_pieces", "_starts", "_text")

    def __init__(self, original: str) -> None:
        self._original = original
        self._become(original, [_Piece(0, len(original))])

    @property
    def text(self) -> str:
        """The text as it now stands."""
        return self._text

    def apply(self, edits: Iterable[Edit]) -> None:
        """Take one step; offsets are those of the present text. Raises as `in_order` does, and then changes nothing."""
        ordered = in_order(edits, len(self._text))
        pieces: list[_Piece] = []
        at = 0
        for edit in ordered:
            # Untrimmed, a rewrite of a whole line would forget where the characters that it repeats came from.
            edit = _trim(self._text, edit)
            pieces += self._cut(at, edit.span.start)
            if edit.text:
                pieces.append(_Piece(self.origin(edit.span.start), len(edit.text), edit.text))
            at = edit.span.end
        pieces += self._cut(at, len(self._text))
        self._become(apply(self._text, ordered), pieces)

    def edits(self) -> tuple[Edit, ...]:
        """The whole history as edits of the original: in order, apart, trimmed, none that changes nothing."""
        found: list[Edit] = []
        added: list[str] = []
        at = 0
        for piece in (*self._pieces, _Piece(len(self._original), 0)):
            if piece.added is not None:
                added.append(piece.added)
                continue
            edit = _trim(self._original, Edit(Span(at, piece.origin), "".join(added)))
            if edit.text or edit.span.start < edit.span.end:
                found.append(edit)
            added.clear()
            at = piece.origin + piece.length
        return tuple(found)

    def origin(self, offset: int) -> int:
        """The offset in the original that an offset of the present text came from.

        For added text that is the place where it was added; the end of the text is the end of the original.
        Raises `ValueError` outside the present text.
        """
        if not 0 <= offset <= len(self._text):
            raise ValueError(f"offset {offset} in a text of {len(self._text)}")
        if offset == len(self._text):
            return len(self._original)
        index = bisect_right(self._starts, offset) - 1
        piece = self._pieces[index]
        return piece.origin if piece.added is not None else piece.origin + offset - self._starts[index]

    def _become(self, text: str, pieces: list[_Piece]) -> None:
        self._text, self._pieces = text, pieces
        self._starts = []
        at = 0
        for piece in pieces:
            self._starts.append(at)
            at += piece.length

    def _cut(self, start: int, end: int) -> Iterator[_Piece]:
        """The pieces of the present text from `start` to `end`."""
        index = bisect_right(self._starts, start) - 1
        while start < end:
            piece, skip = self._pieces[index], start - self._starts[index]
            part = piece.cut(skip, min(piece.length, skip + end - start))
            yield part
            start += part.length
            index += 1


def _trim(text: str, edit: Edit) -> Edit:
    """The same edit of `text`, without what it leaves as it was at its two ends."""
    (start, end), new = edit.span, edit.text
    head, most = 0, min(end - start, len(new))
    while head < most and text[start + head] == new[head]:
        head += 1
    tail, most = 0, most - head
    while tail < most and text[end - 1 - tail] == new[-1 - tail]:
        tail += 1
    return Edit(Span(start + head, end - tail), new[head : len(new) - tail])
