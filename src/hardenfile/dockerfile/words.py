"""What follows a keyword: flags, then JSON, a list, `name=value` words, or one string.

Everything works on the logical line of an instruction and keeps the place of each part in it. The rules are those of
BuildKit's parser (August 2026), quirks included: flags are read byte by byte, and a JSON array that does not parse is
silently the shell form.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .json_array import NotStringsError, read_array, string_span
from .source import Span, encode

# What Go's unicode.IsSpace calls white space; str.isspace would add \x1c to \x1f.
SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

_GAP = re.compile(r"[\t\v\f\r ]+")
_BYTE_GAPS = re.compile("[\t\n\v\f\r \x85\xa0]+")
_BYTE_GAP = "\t\n\v\f\r \x85\xa0"
_FLAG_START = "-\udc85\udca0"  # the latter two are the stray bytes that BuildKit takes for white space here

NOT_STRINGS = "when using JSON array syntax, arrays must be comprised of strings only"


@dataclass(frozen=True, slots=True)
class Flag:
    """`--name=value` before the arguments; `value` is None for a bare `--name`. The span is in the logical line."""

    name: str
    value: str | None
    span: Span = field(default=Span(0, 0), compare=False)

    def __str__(self) -> str:
        return f"--{self.name}" if self.value is None else f"--{self.name}={self.value}"


class Word(NamedTuple):
    """One argument and its place in the logical line, quotes and JSON escapes still in the span."""

    text: str
    span: Span


class Split(NamedTuple):
    """A logical line taken apart. `texts` are the arguments as they stand, `args` is what BuildKit makes of them."""

    keyword: str
    begin: int
    keyword_end: int
    flags: tuple[Flag, ...]
    rest_start: int
    rest_end: int
    texts: tuple[str, ...]
    args: tuple[str, ...]
    json: bool
    error: str | None

    @property
    def keyword_span(self) -> Span:
        """Where the keyword stands in the logical line."""
        return Span(self.begin, self.keyword_end)

    @property
    def rest(self) -> Span:
        """Where everything behind the flags stands in the logical line."""
        return Span(self.rest_start, self.rest_end)

    def words(self, logical: str) -> tuple[Word, ...]:
        """The arguments with their places in that line: each is the first of its text behind the one before."""
        found: list[Word] = []
        at, end = self.rest
        strings = self.json and self.keyword != "HEALTHCHECK"
        for text in self.texts:
            start, stop = string_span(logical, at) if strings else (logical.find(text, at, end), 0)
            if start < 0:  # it starts with a part of a character, which flags or a type word left behind
                start = at
            at = stop or min(start + len(text), end)
            found.append(Word(text, Span(start, at)))
            strings = self.json
        return tuple(found)


_Arguments = tuple[tuple[str, ...], tuple[str, ...], bool, str | None]
_Reader = Callable[[str, str, str], _Arguments]


def split(logical: str, escape: str, start: int = 0) -> Split:
    """Take the instruction in `logical[start:]` apart; never raises."""
    begin = len(logical) - len(logical[start:].lstrip(SPACE))
    end = len(logical.rstrip(SPACE))
    if begin >= end:
        return Split("", begin, begin, (), begin, begin, *_UNKNOWN)
    gap = _GAP.search(logical, begin, end)
    flags: tuple[Flag, ...] = ()
    if gap is None:
        keyword, keyword_end, rest = logical[begin:end], end, ""
    else:
        keyword_end, behind = gap.span()
        keyword, rest = logical[begin:keyword_end], logical[behind:end]
        if rest[0] in _FLAG_START:
            flags, rest = _flags(rest, behind, escape)
        rest = rest.lstrip(SPACE)
    name = keyword if keyword in _READERS else _canonical(keyword)
    found = _READERS[name](rest, escape, name) if name in _READERS else _UNKNOWN
    return Split(name, begin, keyword_end, flags, end - len(rest), end, *found)


def lower(text: str) -> str:
    """Lower case as Go has it, letter by letter: a dotted capital I is an i."""
    return text.replace("\u0130", "i").lower()


def _canonical(keyword: str) -> str:
    """The keyword in upper case, by way of lower case as in BuildKit: a long s is no s, the Kelvin sign is a k."""
    name = lower(keyword).upper() if lower(keyword).isascii() else ""
    if name in _READERS:
        return name
    upper = keyword.upper()
    return keyword if upper in _READERS else upper


def _flags(text: str, at: int, escape: str) -> tuple[tuple[Flag, ...], str]:
    """The leading `--words` and what follows. BuildKit walks bytes here: it reads each as a character, and may even
    stop inside one, so what follows can start with stray bytes."""
    raw = _to_bytes(text)
    places: Sequence[int] = range(len(raw) + 1)  # where in the text the character of each byte is
    if raw is not text:
        places = [place for place, char in enumerate(text) for _ in encode(char)] + [len(text)]
    flags: list[Flag] = []
    position, size = 0, len(raw)
    while True:
        while position < size and raw[position] in _BYTE_GAP:
            position += 1
        if not raw.startswith("--", position):
            break
        begin = position
        word, position = _flag_word(raw, position, escape)
        if word != "--":
            name, equals, value = word[2:].partition("=")
            span = Span(at + places[begin], at + places[position])
            flags.append(Flag(name, value if equals else None, span))
        elif position < size:
            break
    return tuple(flags), _from_bytes(raw[position:])


def _to_bytes(text: str) -> str:
    """The bytes of a text, each as a character."""
    return text if text.isascii() else encode(text).decode("latin-1")


def _from_bytes(raw: str) -> str:
    """What `_to_bytes` gives, or a part of it, as text again."""
    return raw if raw.isascii() else raw.encode("latin-1").decode("utf-8", "surrogateescape")


def _flag_word(raw: str, position: int, escape: str) -> tuple[str, int]:
    out: list[str] = []
    quote = ""
    size = len(raw)
    while position < size:
        char = raw[position]
        if char == quote:
            quote = ""
        elif not quote and char in _BYTE_GAP:
            break
        elif not quote and char in "'\"":
            quote = char
        elif char == escape:
            position += 1
            out.append(raw[position : position + 1])
        else:
            out.append(char)
        position += 1
    return "".join(out), min(position, size)


_UNKNOWN: _Arguments = ((), ("",), False, None)
_NOTHING: _Arguments = ((), (), False, None)


def _nothing(rest: str, escape: str, keyword: str) -> _Arguments:
    return _NOTHING


def _one_string(rest: str, escape: str, keyword: str) -> _Arguments:
    words = (rest,)
    return (words, words, False, None) if rest else _NOTHING


def _list(rest: str, escape: str, keyword: str) -> _Arguments:
    words = tuple(_GAP.split(rest)) if rest else ()
    return words, words, False, None


def _json_or_string(rest: str, escape: str, keyword: str) -> _Arguments:
    return _json(rest) or _one_string(rest, escape, keyword)


def _json_or_list(rest: str, escape: str, keyword: str) -> _Arguments:
    return _json(rest) or _list(rest, escape, keyword)


def _json(rest: str) -> _Arguments | None:
    """The strings of a JSON array; None where BuildKit falls back to the shell form."""
    text = rest if rest[:1] == "[" else rest.lstrip(SPACE)
    if text[:1] != "[":
        return None
    try:
        values = read_array(text)
    except NotStringsError:
        return (), (), False, NOT_STRINGS
    return None if values is None else (values, values, True, None)


def _word_pattern(escape: str) -> re.Pattern[str]:
    token = re.escape(escape)
    return re.compile(
        rf"""(?: {token}. | (?P<cut>{token}\Z)
               | "(?:{token}.|[^"{token}])*(?:"|(?P<cut_in_quote>{token}\Z)|\Z)
               | '[^']*+(?:'|\Z)
               | [^{re.escape(SPACE)}"'{token}] )+""",
        re.DOTALL | re.VERBOSE,
    )


_WORD = {token: _word_pattern(token) for token in ("\\", "`")}


def _quoted_words(rest: str, escape: str) -> tuple[str, ...]:
    """Words split at white space outside quotes; quotes stay, an escape token at the very end goes."""
    words: list[str] = []
    for found in _WORD[escape].finditer(rest):
        word = found.group()
        if found.lastgroup:  # an escape token was cut off; nothing can follow
            word = word[:-1]
        if word:
            words.append(word)
    return tuple(words)


def _name_or_value(rest: str, escape: str, keyword: str) -> _Arguments:
    words = _quoted_words(rest, escape)
    return words, words, False, None


def _name_value(rest: str, escape: str, keyword: str) -> _Arguments:
    words = _quoted_words(rest, escape)
    if not words:
        return _NOTHING
    if "=" not in words[0]:
        name, *value = _GAP.split(rest, maxsplit=1)
        if not value:
            return (), (), False, f"{keyword} must have two arguments"
        return (name, *value), (name, *value, ""), False, None
    args: list[str] = []
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            return (), (), False, f"can't find = in {word!r}: it must be of the form name=value"
        args += (name, text, "=")
    return words, tuple(args), False, None


def _health(rest: str, escape: str, keyword: str) -> _Arguments:
    """The type word ends at a white space byte, be it part of a character, as with flags."""
    raw = _to_bytes(rest)
    gap = _BYTE_GAPS.search(raw)
    kind_end, behind = gap.span() if gap else (len(raw), len(raw))
    if kind_end == 0:
        return _NOTHING
    texts, args, is_json, error = _json_or_string(_from_bytes(raw[behind:]), escape, keyword)
    kind = _from_bytes(raw[:kind_end])
    return (kind, *texts), (kind, *args), is_json, error


_READERS: dict[str, _Reader] = {
    "ADD": _json_or_list,
    "ARG": _name_or_value,
    "CMD": _json_or_string,
    "COPY": _json_or_list,
    "ENTRYPOINT": _json_or_string,
    "ENV": _name_value,
    "EXPOSE": _list,
    "FROM": _list,
    "HEALTHCHECK": _health,
    "LABEL": _name_value,
    "MAINTAINER": _one_string,
    "ONBUILD": _nothing,
    "RUN": _json_or_string,
    "SHELL": _json_or_string,
    "STOPSIGNAL": _one_string,
    "USER": _one_string,
    "VOLUME": _json_or_list,
    "WORKDIR": _one_string,
}

KEYWORDS = frozenset(_READERS)
