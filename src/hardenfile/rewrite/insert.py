"""Edits said in the words of the document: lines beside an instruction, a word in it."""

from bisect import bisect_left
from collections.abc import Iterable

from hardenfile.dockerfile import Instruction, Span
from hardenfile.errors import RewriteRejected

from .edit import Edit


def lines_before(at: Instruction, lines: Iterable[str]) -> Edit:
    """Whole lines above an instruction, and above the comments that stand directly on it."""
    document = at.document
    start = at.span.start
    trivia = document.trivia
    index = bisect_left(trivia, start, key=lambda node: node.span.start) - 1
    while index >= 0 and trivia[index].kind == "comment" and trivia[index].span.end == start:
        start = trivia[index].span.start
        index -= 1
    return Edit(Span(start, start), "".join(line + document.line_ending for line in lines))


def lines_after(at: Instruction, lines: Iterable[str]) -> Edit:
    """Whole lines below an instruction; a file with no final newline stays one."""
    document = at.document
    end = at.span.end
    ending = document.line_ending
    if document.text[end - 1 : end] == "\n":
        return Edit(Span(end, end), "".join(line + ending for line in lines))
    return Edit(Span(end, end), "".join(ending + line for line in lines))


def replace(at: Instruction, span: Span, text: str) -> Edit:
    """Other text for a span of the logical line. Raises RewriteRejected where a continuation cuts it."""
    place = at.place(span)
    if place is None:
        raise RewriteRejected(f"line {at.first_line}: a line continuation cuts {at.logical[span.start : span.end]!r}")
    return Edit(place, text)


def add_flag(at: Instruction, flag: str) -> Edit:
    """A flag right after the keyword."""
    end = at.split.keyword_span.end
    return replace(at, Span(end, end), f" {flag}")
