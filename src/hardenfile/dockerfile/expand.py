"""`${x:-y}` and its family, as BuildKit's word lexer reads them (frontend/dockerfile/shell/lex.go)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from .pattern import ExpansionError, name_end, replaced, without_prefix, without_suffix
from .source import BOM

__all__ = ["DEEPEST", "MOST_WORK", "Expansion", "ExpansionError", "expand", "split_words"]

DEEPEST = 64
"""How many `${…}` may stand inside one another; BuildKit sets no limit, the Python stack does."""

MOST_WORK = 1 << 20
"""Characters that the values in one word may bring in; Linux takes 131,072 for one variable."""

_BROKEN = re.compile("[\ud800-\udfff]")
_SPACES = re.compile("[\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_BLANKS = re.compile("[\t\r ]*")
_SPECIAL_NAMES = "@*#?-$!"


@dataclass(frozen=True, slots=True)
class Expansion:
    """An expanded word, with the names it asked for that the environment has (`used`) and lacks (`missing`)."""

    text: str
    used: frozenset[str]
    missing: frozenset[str]


def expand(word: str, env: Mapping[str, str], escape: str = "\\") -> Expansion:
    """Quotes removed, escapes resolved, variables replaced: BuildKit's `ProcessWord`. Raises `ExpansionError`."""
    if not _busy(escape).search(word):
        return Expansion(word, frozenset(), frozenset())
    lexer = _Lexer(word, env, escape)
    text = lexer.read()
    return Expansion(text, frozenset(lexer.used), frozenset(lexer.missing))


def split_words(
    text: str,
    *,
    raw_quotes: bool = False,
    raw_escapes: bool = False,
    env: Mapping[str, str] | None = None,
    skip_unset: bool = False,
    escape: str = "\\",
) -> tuple[str, ...]:
    """The words of a text, split at white space after expansion: BuildKit's `ProcessWords`. Raises `ExpansionError`.

    `raw_quotes` and `raw_escapes` keep those characters in the words; `skip_unset` leaves unknown names as written.
    """
    lexer = _Lexer(text, env or {}, escape, raw_quotes, raw_escapes, skip_unset)
    lexer.read()
    return lexer.words.all()


@lru_cache
def _busy(escape: str) -> re.Pattern[str]:
    """Finds whatever keeps a word from standing for itself."""
    return re.compile(rf"[$'\"\ud800-\udfff{re.escape(escape)}]|\A{BOM}")


@lru_cache
def _plain(escape: str, stop: str) -> re.Pattern[str]:
    """A run of characters that mean nothing to a lexer looking for `stop`."""
    return re.compile(rf"[^$'\"<{re.escape(escape + stop)}]+")


def _as_scanned(text: str) -> str:
    """What Go's text/scanner makes of a text: one leading BOM is skipped, each stray byte is U+FFFD."""
    return _BROKEN.sub("\ufffd", text.removeprefix(BOM))


class _Words:
    """Collects words; white space ends one, unless it comes through `add_whole`."""

    __slots__ = ("_done", "_parts")

    def __init__(self) -> None:
        self._done: list[str] = []
        self._parts: list[str] = []

    def add(self, text: str) -> None:
        first, *others = _SPACES.split(_BROKEN.sub("\ufffd", text))
        self._parts.append(first)
        for other in others:
            self._end_word()
            self._parts.append(other)

    def add_whole(self, text: str) -> None:
        self._parts.append(text)

    def forget_word(self) -> None:
        self._parts.clear()

    def all(self) -> tuple[str, ...]:
        self._end_word()
        return tuple(self._done)

    def _end_word(self) -> None:
        if word := "".join(self._parts):
            self._done.append(word)
        self._parts.clear()


class _Lexer:
    """One pass over one text."""

    def __init__(
        self,
        text: str,
        env: Mapping[str, str],
        escape: str,
        raw_quotes: bool = False,
        raw_escapes: bool = False,
        skip_unset: bool = False,
    ) -> None:
        self.text = _as_scanned(text)
        self.at = 0
        self.env = env
        self.escape = escape
        self.raw_quotes = raw_quotes
        self.raw_escapes = raw_escapes
        self.skip_unset = skip_unset
        self.depth = 0
        self.work = 0
        self.used: set[str] = set()
        self.missing: set[str] = set()
        self.words = _Words()

    def read(self, stop: str = "") -> str:
        """The text up to `stop`, which is consumed; up to the end where `stop` is empty. Words grow at depth 0 only."""
        outermost, words, out = self.depth == 0, self.words, list[str]()
        plain = _plain(self.escape, stop)
        while self.at < len(self.text):
            if run := plain.match(self.text, self.at):
                self.at = run.end()
                piece, whole = run[0], False
            elif (char := self.text[self.at]) == stop:
                self.at += 1
                return "".join(out)
            else:
                piece, whole = self._special(char)
            out.append(piece)
            if outermost:
                (words.add_whole if whole else words.add)(piece)
        if stop:
            raise ExpansionError(f"the text ends before the `{stop}` that closes a `${{`")
        return "".join(out)

    def _special(self, char: str) -> tuple[str, bool]:
        """What a special character starts, and whether white space in it belongs to the word."""
        if char == "$":
            return self._dollar(), False
        if char == "'":
            return self._single_quoted(), True
        if char == '"':
            return self._double_quoted(), True
        if char == "<":
            return self._less_than(), True
        escaped = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        return (char if self.raw_escapes else "") + escaped, True

    def _less_than(self) -> str:
        """A `<`; after `<<` the blanks too, so that a heredoc's name may stand apart."""
        start, double = self.at, self.text.startswith("<<", self.at)
        blanks = _BLANKS.match(self.text, start + 2) if double else None
        self.at = blanks.end() if blanks else start + 1
        return self.text[start : self.at]

    def _single_quoted(self) -> str:
        start, end = self.at, self.text.find("'", self.at + 1)
        if end < 0:
            raise ExpansionError("a single quote is not closed")
        self.at = end + 1
        return self.text[start : end + 1] if self.raw_quotes else self.text[start + 1 : end]

    def _double_quoted(self) -> str:
        quote = '"' if self.raw_quotes else ""
        out = [quote]
        plain = _plain(self.escape, "")
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return "".join(out) + quote
            if char == "$":
                out.append(self._dollar())
            elif char == self.escape:
                out.append(self._escaped_in_quotes())
            else:
                run = plain.match(self.text, self.at)
                self.at = run.end() if run else self.at + 1
                out.append(run[0] if run else char)
        raise ExpansionError("a double quote is not closed")

    def _escaped_in_quotes(self) -> str:
        """Only a quote, a dollar and the escape itself can be escaped; before others, raw mode doubles the escape."""
        after = self.text[self.at + 1 : self.at + 2]
        kept = self.escape if self.raw_escapes else ""
        if after and after in ('"', "$", self.escape):
            self.at += 2
            return kept + after
        self.at += 1
        return kept + self.escape

    def _dollar(self) -> str:
        self.at += 1
        if not self.text.startswith("{", self.at):
            name = self._name()
            if not name:
                return "$"
            value = self._look_up(name)
            return f"${name}" if value is None and self.skip_unset else value or ""
        self.at += 1
        if self.text[self.at : self.at + 1] in ("", "{", "}", ":"):
            raise ExpansionError("`${` is not followed by a name")
        if self.depth == DEEPEST:
            raise ExpansionError(f"more than {DEEPEST} `${{` inside one another")
        self.depth += 1
        text = self._braced(self._name())
        self.depth -= 1
        return text

    def _name(self) -> str:
        """Letters, digits and `_`; or digits alone; or one of the shell's special names; or nothing."""
        text, start = self.text, self.at
        end, first = start, text[start : start + 1]
        if first.isdecimal():
            while text[end : end + 1].isdecimal():
                end += 1
        elif first and first in _SPECIAL_NAMES:
            end += 1
        else:
            end = name_end(text, start)
        self.at = end
        return text[start:end]

    def _look_up(self, name: str) -> str | None:
        value = self.env.get(name)
        (self.missing if value is None else self.used).add(name)
        if value is not None:
            self._spend(len(value))
        return value

    def _spend(self, work: int) -> None:
        self.work += work
        if self.work > MOST_WORK:
            raise ExpansionError("the expansion grows beyond all use")

    def _braced(self, name: str) -> str:
        """What follows the name in `${name`, up to its `}`."""
        modifier = self.text[self.at : self.at + 1]
        self.at += 1
        if modifier == "}":
            value = self._look_up(name)
            return f"${{{name}}}" if value is None and self.skip_unset else value or ""
        if modifier == "/":
            return self._replaced(name)
        if modifier == ":":
            modifier += self.text[self.at : self.at + 1]
            self.at += 1
        elif not modifier or modifier not in "+-?#%":
            raise ExpansionError(f"`${{{name}{modifier}` has no meaning")
        kind = modifier[-1]
        if modifier in (":#", ":%"):
            raise ExpansionError(f"`${{{name}{modifier}` has no meaning")
        word = self._operand("}", raw_escapes=kind in "#%")
        value = self._look_up(name)
        if value is None and self.skip_unset:
            return f"${{{name}{modifier}{word}}}"
        if kind in "#%":
            return self._trimmed(kind, word, value or "")
        return _chosen(name, modifier, word, value)

    def _operand(self, stop: str, raw_escapes: bool) -> str:
        """A word inside `${…}`. The word around it, as far as it was collected, is lost: so it is in BuildKit."""
        self.words.forget_word()
        before, self.raw_escapes = self.raw_escapes, raw_escapes
        word = self.read(stop)
        self.raw_escapes = before
        return word

    def _trimmed(self, kind: str, word: str, value: str) -> str:
        longest = word.startswith(kind)
        pattern = _BROKEN.sub("\ufffd", word[longest:])
        self._spend_on_search(pattern, value)
        if kind == "%":
            return without_suffix(pattern, _BROKEN.sub("\ufffd", value), longest)
        return without_prefix(pattern, value, longest)

    def _spend_on_search(self, pattern: str, value: str) -> None:
        self._spend(len(value) * (1 + len(pattern) // 512))

    def _replaced(self, name: str) -> str:
        everywhere = self.text.startswith("/", self.at)
        self.at += everywhere
        pattern = _BROKEN.sub("\ufffd", self._operand("/", raw_escapes=True))
        replacement = self._operand("}", raw_escapes=True)
        value = self._look_up(name)
        if value is None and self.skip_unset:
            return f"${{{name}/{pattern}/{replacement}}}"
        value = value or ""
        out: list[str] = []
        self._spend_on_search(pattern, value)
        for piece in replaced(pattern, value, replacement, everywhere):
            self._spend(len(piece))
            out.append(piece)
        return "".join(out)


def _chosen(name: str, modifier: str, word: str, value: str | None) -> str:
    """The outcome of `-`, `+` and `?`, each of which takes an empty value for a missing one after a colon."""
    lacking = value is None or (modifier[0] == ":" and not value)
    match modifier[-1]:
        case "-":
            return word if lacking else value or ""
        case "+":
            return "" if lacking else word
        case "?" if lacking:
            raise ExpansionError(f"{name}: {word or 'has to be set'}")
        case "?":
            return value or ""
    raise ExpansionError(f"`${{{name}{modifier}` has no meaning")
