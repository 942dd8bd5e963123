"""The names that an ARG declares, and how one of them is taken out of it."""

from collections.abc import Iterator
from typing import NamedTuple

from hardenfile.dockerfile import Instruction, Span
from hardenfile.rewrite.edit import Edit


class Declared(NamedTuple):
    """One name of an ARG, or of an ARG under ONBUILD; `nth` is its place, from 0, in the line."""

    at: Instruction
    name: str
    default: str
    nth: int


def declared(at: Instruction) -> Iterator[Declared]:
    """The names of an instruction that is an ARG, or has one as its trigger."""
    one = at.sub if at.sub is not None else at
    if one.keyword != "ARG":
        return
    for nth, word in enumerate(one.words):
        name, _, default = word.text.partition("=")
        yield Declared(at, name, default.strip("\"'"), nth)


def taken_out(one: Declared) -> Edit | str:
    """The edit that leaves the name out, the whole line where it is the only one; or why there is none."""
    at = one.at
    words = at.words
    if len(words) == 1:
        return Edit(at.span, "") if not at.comments else "a comment stands inside of the instruction"
    # With the blank before it, or behind it where it comes first.
    if one.nth == 0:
        start, end = at.place(words[0].span), at.place(words[1].span)
        cut = Span(start.start, end.start) if start and end else None
    else:
        start, end = at.place(words[one.nth - 1].span), at.place(words[one.nth].span)
        cut = Span(start.end, end.end) if start and end else None
    if cut is None:
        return "a line continuation cuts a name"
    if any(cut.start <= comment.start < cut.end for comment in at.comments):
        return "a comment stands beside the name"
    return Edit(cut, "")
