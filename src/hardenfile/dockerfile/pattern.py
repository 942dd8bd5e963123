"""The patterns of `${x#…}`, `${x%…}` and `${x/…/…}`."""

import re
from collections.abc import Iterator

from .source import BOM


class ExpansionError(ValueError):
    """A word that BuildKit refuses to expand; the message says what is wrong with it."""


class Pattern:
    r"""A shell pattern with `*`, `?` and backslashes, tried at all its places at once, so that no text makes it slow.

    The dialect is that of BuildKit's `${x#…}`: no brackets, and neither `*` nor `?` takes a newline. Only `* ? \ } /`
    can be escaped; another escape raises ExpansionError.

    Place i means that i of the pattern's characters have matched; sets of places are bits of an integer.
    """

    __slots__ = ("_any", "_literals", "_stars", "size")

    def __init__(self, pattern: str) -> None:
        self.size = 0
        self._any = 0
        self._stars = 0
        self._literals: dict[str, int] = {}
        characters = iter(pattern.removeprefix(BOM))  # as Go's text/scanner does
        for char in characters:
            if char == "*":
                self._stars |= 1 << self.size
                continue
            if char == "?":
                self._any |= 1 << self.size
            else:
                if char == "\\":
                    char = next(characters, "")
                    if not char or char not in "*?\\}/":
                        raise ExpansionError(f"`\\{char}` is no escape in the pattern `{pattern}`")
                self._literals[char] = self._literals.get(char, 0) | 1 << self.size
            self.size += 1

    def end(self, text: str, start: int, longest: bool) -> int:
        """Where the longest or the shortest match from `start` ends; -1 when there is none."""
        places, accept, end = 1, 1 << self.size, -1
        for at in range(start, len(text) + 1):
            if places & accept:
                end = at
                if not longest:
                    break
            if not places or at == len(text):
                break
            moving, staying = self._steps(text[at])
            places = (places & moving) << 1 | (places & staying)
        return end

    def matches(self, text: str) -> Iterator[tuple[int, int]]:
        """The longest match from each place on, as Go's regexp replaces them: no empty one right after another."""
        starts = self._starts(text)
        at, done = 0, 0
        while (start := starts.find(1, at)) >= 0:
            end = self.end(text, start, longest=True)
            if end > done or start == 0:
                yield start, end
            done = end
            at = max(end, at + 1)

    def _starts(self, text: str) -> bytearray:
        """For each offset 1 where some match begins, found from the end backwards."""
        accept = places = 1 << self.size
        starts = bytearray(len(text) + 1)
        for at in range(len(text), -1, -1):
            if at < len(text):
                moving, staying = self._steps(text[at])
                places = accept | (places >> 1 & moving) | (places & staying)
            starts[at] = places & 1
        return starts

    def _steps(self, char: str) -> tuple[int, int]:
        """The places that go on over a character, and those whose `*` takes it; only a literal takes a newline."""
        literal = self._literals.get(char, 0)
        return (literal, 0) if char == "\n" else (literal | self._any, self._stars)


def without_prefix(pattern: str, value: str, longest: bool) -> str:
    """`${x#pattern}`, or `##` for the longest match."""
    return value[max(Pattern(pattern).end(value, 0, longest), 0) :]


def without_suffix(pattern: str, value: str, longest: bool) -> str:
    """`${x%pattern}`, or `%%`: both are read backwards, as the shortest suffix cannot be found from the left."""
    # a backslash stays before the character that it escapes
    backwards = "".join(reversed(re.findall(r"\\.|.", pattern, re.DOTALL)))
    return without_prefix(backwards, value[::-1], longest)[::-1]


def replaced(pattern: str, value: str, replacement: str, everywhere: bool) -> Iterator[str]:
    """The pieces of `${x/pattern/replacement}`; the `//` form takes the replacement for a Go regexp template."""
    done = 0
    for start, end in Pattern(pattern).matches(value):
        yield value[done:start]
        yield _filled(replacement, value[start:end]) if everywhere else replacement
        done = end
        if not everywhere:
            break
    yield value[done:]


def _filled(template: str, match: str) -> str:
    """A Go regexp template: `$0` is the match, any other name is empty, `$$` is a dollar."""
    out, at = list[str](), 0
    while (dollar := template.find("$", at)) >= 0:
        out.append(template[at:dollar])
        at = dollar + 1
        braced = template.startswith("{", at)
        end = name_end(template, at + braced)
        if template.startswith("$", at):
            out.append("$")
            at += 1
        elif end == at + braced or (braced and not template.startswith("}", end)):
            out.append("$")
        else:
            out.append(match if template[at + braced : end] == "0" else "")
            at = end + braced
    return "".join(out) + template[at:]


def name_end(text: str, at: int) -> int:
    """Where the letters, decimal digits and `_` from an offset on end; Go's categories L and Nd are just these two."""
    while (char := text[at : at + 1]) == "_" or char.isalpha() or char.isdecimal():
        at += 1
    return at
