"""Bytes to text and back, with nothing lost on the way."""

from bisect import bisect_right
from functools import cached_property
from typing import NamedTuple

BOM = "\ufeff"


class Span(NamedTuple):
    """A half-open range of character offsets in a text."""

    start: int
    end: int


def decode(data: bytes | str) -> str:
    """UTF-8 with every stray byte kept as a lone surrogate, so that `encode` gives the same bytes back."""
    if isinstance(data, str):
        data = encode(data)
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes of a text that `decode` made; any other text too, as far as it has bytes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


class Source:
    """A text with its physical lines, which end at LF and nowhere else."""

    __slots__ = ("__dict__", "text")

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def line_starts(self) -> list[int]:
        """The offset at which each physical line starts."""
        starts = [0]
        find, at = self.text.find, 0
        while (at := find("\n", at) + 1) > 0:
            starts.append(at)
        return starts

    def line_at(self, offset: int) -> int:
        """The 1-based number of the physical line that holds the offset."""
        return bisect_right(self.line_starts, offset)

    @cached_property
    def line_ending(self) -> str:
        """The line ending that most lines use: CRLF or LF."""
        crlf = self.text.count("\r\n")
        return "\r\n" if crlf * 2 > self.text.count("\n") else "\n"
