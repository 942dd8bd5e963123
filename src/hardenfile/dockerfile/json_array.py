"""The exec form: a JSON array of strings, as Go's encoding/json reads it.

Python's json module would do for the strings, but not for telling an array of other things, which BuildKit refuses,
from text that is no JSON, which is the shell form: it reads numbers that Go does not, and its depth is the stack's.
"""

import json
import re

_BLANK = r"[ \t\n\r]*+"
_STRING = r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*"'
_STRINGS = re.compile(rf"\[{_BLANK}(?:{_STRING}{_BLANK}(?:,{_BLANK}{_STRING}{_BLANK})*)?\]")
_ONE_STRING = re.compile(_STRING)
_TOKEN = re.compile(
    rf"{_BLANK}(?:(?P<string>{_STRING})|(?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)"
    rf"|(?P<literal>true|false|null)|(?P<mark>[][{{}},:])){_BLANK}"
)
_DEEPEST = 10_000  # levels; what Go's decoder stops at
_decode = json.JSONDecoder().raw_decode
_BROKEN = re.compile("[\ud800-\udfff]")


class NotStringsError(ValueError):
    """The text is a JSON array, and something in it is no string."""


def read_array(text: str) -> tuple[str, ...] | None:
    """The strings of the array; None when the text is no JSON array.

    Raises NotStringsError for an array of anything else. Escapes and bytes that make no character read as U+FFFD.
    """
    if _STRINGS.fullmatch(text):
        values, _ = _decode(text)
        return tuple(values if text.isascii() and "\\u" not in text else (_BROKEN.sub("\ufffd", one) for one in values))
    if _is_array(text):
        raise NotStringsError(text)
    return None


def string_span(text: str, at: int) -> tuple[int, int]:
    """Where the first string at or after an offset starts and ends, quotes included; (-1, 0) where there is none."""
    found = _ONE_STRING.search(text, at)
    return found.span() if found else (-1, 0)


def _is_array(text: str) -> bool:
    """Whether the text is one JSON array; walked with a stack of its own."""
    if not text.startswith("["):
        return False
    closers: list[str] = []
    expected = "value"
    at, size = 0, len(text)
    while at < size:
        token = _TOKEN.match(text, at)
        if token is None or (expected == "end"):
            return False
        at = token.end()
        kind, mark = token.lastgroup, token["mark"]
        if kind == "number" and abs(float(token["number"])) == float("inf"):
            return False
        if mark in ("[", "{") and expected in ("value", "value or close"):
            closers.append("]" if mark == "[" else "}")
            expected = "value or close" if mark == "[" else "name or close"
            if len(closers) > _DEEPEST:
                return False
        elif mark and closers and mark == closers[-1] and expected.endswith("close"):
            closers.pop()
            expected = "comma or close" if closers else "end"
        elif mark == "," and expected == "comma or close":
            expected = "value" if closers[-1] == "]" else "name"
        elif mark == ":" and expected == "colon":
            expected = "value"
        elif kind == "string" and expected in ("name", "name or close"):
            expected = "colon"
        elif not mark and expected in ("value", "value or close"):
            expected = "comma or close"
        else:
            return False
    return expected == "end"
