"""Compound commands: `( )`, `{ }`, if, while, until, for, case and functions, and the redirections behind them."""

import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from .shell_words import Unsure, Word, WordReader
from .source import Span

_END_OF_WORD = r"(?=(?:\\\n)*(?:[ \t\n;&|()]|[<>](?!\()|\Z))"
RESERVED = re.compile(
    r"(?:if|then|elif|else|fi|for|in|while|until|do|done|case|esac|\{|\}|!|time|function|select|coproc)" + _END_OF_WORD
)
_OPENING = frozenset(("(", "{", "if", "for", "while", "until", "case", "function"))
_BLANKS = re.compile(r"(?:[ \t]|\\\n)*(?P<comment>(?=#))?")
_REDIRECT = re.compile(r"([0-9]*)(<<<|<<|<>|<&|<|>>|>&|>\||>)|&>>?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_FUNCTION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:@-]*\Z")


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirection: its operator with the descriptor before it (`2>`, `>&`), and the word behind it."""

    operator: str
    target: Word
    span: Span


class CompoundReader(WordReader):
    """Reads compound commands; what their lists hold is the business of `read_list`."""

    def __init__(self, text: str, joins: Sequence[int] | None, nesting: int = 0) -> None:
        super().__init__(text, nesting)
        self.joins = () if joins is None and "\n" in text else joins
        self._reserved: tuple[int, str | None] = -1, None  # what `reserved` found last, and where

    @abstractmethod
    def read_list(self, depth: int, *closers: str, may_be_empty: bool = False) -> str:
        """Commands up to one of the closers, which is read and returned; the empty one is the end of the text."""

    def reserved(self) -> str | None:
        """The reserved word that stands here."""
        if self._reserved[0] != self.at:
            found = RESERVED.match(self.text, self.at)
            self._reserved = self.at, found[0] if found else None
        return self._reserved[1]

    def take(self, word: str) -> bool:
        """Steps over a reserved word if it stands here."""
        found = self.reserved() == word
        self.at += len(word) * found
        return found

    def blanks(self) -> None:
        """Steps over blanks, continued lines and a comment."""
        while found := _BLANKS.match(self.text, self.at):
            self.at = found.end()
            if found["comment"] is None:
                break
            self._comment()

    def blank_lines(self) -> None:
        """Steps over all that may stand between two commands, newlines included."""
        self.blanks()
        while self.peek() == "\n":
            self.at += 1
            self.blanks()

    def _comment(self) -> None:
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        if self.joins is None or any(self.at < join < end for join in self.joins):
            raise Unsure("a comment that may swallow the lines joined to its own")
        if self.text.endswith("\\", self.at, end):
            raise Unsure("a comment that seems to go on in the next line")
        self.at = end

    def required_word(self) -> Word:
        """The word that starts here."""
        word = self.word()
        if not word:
            raise Unsure("a missing word")
        return word

    def redirect(self) -> Redirect | None:
        """The redirection that starts here, None when none does."""
        start = self.at
        found = _REDIRECT.match(self.text, start)
        if not found:
            return None
        operator = found[0]
        if found[2] == "<<":
            raise Unsure("a heredoc inside the text")
        if operator[0] == "&":
            raise Unsure("`&>`, which only bash reads as a redirection")
        if operator[-1] in "<>" and self.text.startswith("(", found.end()):
            if found[1]:
                raise Unsure("a file descriptor before a process substitution")
            return None
        self.at = found.end()
        self.blanks()
        return Redirect(operator, target := self.required_word(), Span(start, target.span.end))

    def opening(self) -> str | None:
        """What opens a compound command here, None when nothing does."""
        word = "(" if self.peek() == "(" else self.reserved()
        return word if word in _OPENING else None

    def compound(self, opening: str, depth: int) -> None:
        """A compound command, which starts with what `opening` said, and its redirections."""
        self.at += len(opening)
        match opening:
            case "(":
                if self.peek() == "(":
                    raise Unsure("an arithmetic command")
                self.read_list(depth, ")")
            case "{":
                self.read_list(depth, "}")
            case "if":
                self._if(depth)
            case "while" | "until":
                self.read_list(depth, "do")
                self.read_list(depth, "done")
            case "for":
                self._for(depth)
            case "case":
                self._case(depth)
            case "function":
                self.blanks()
                self.function_name(self.required_word())
                self.function_body(depth)
                return
        self.blanks()
        while self.redirect():
            self.blanks()

    def _if(self, depth: int) -> None:
        closer = "elif"
        while closer == "elif":
            self.read_list(depth, "then")
            closer = self.read_list(depth, "elif", "else", "fi")
        if closer == "else":
            self.read_list(depth, "fi")

    def _for(self, depth: int) -> None:
        self.blanks()
        if not _VARIABLE.match(self.required_word().raw):
            raise Unsure("a `for` without a variable")
        self.blanks()
        if self.peek() == ";":
            self.at += 1
        else:
            self._for_words()
        self.blank_lines()
        if not self.take("do"):
            raise Unsure("a `for` without `do`")
        self.read_list(depth, "done")

    def _for_words(self) -> None:
        self.blank_lines()
        if not self.take("in"):
            return
        self.blanks()
        while self.word():
            self.blanks()
        if self.peek() not in (";", "\n"):
            raise Unsure("a `for` whose words do not end")
        self.at += 1

    def _case(self, depth: int) -> None:
        self.blanks()
        self.required_word()
        self.blank_lines()
        if not self.take("in"):
            raise Unsure("a `case` without `in`")
        self.blank_lines()
        while not self.take("esac"):
            self._case_patterns()
            if self.read_list(depth, ";;", ";&", ";;&", "esac", may_be_empty=True) == "esac":
                return
            self.blank_lines()

    def _case_patterns(self) -> None:
        separator = "|"
        if self.peek() == "(":
            self.at += 1
        while separator == "|":
            self.blanks()
            self.required_word()
            self.blanks()
            separator = self.peek()
            self.at += 1
        if separator != ")":
            raise Unsure("a `case` pattern without `)`")

    def function_name(self, name: Word) -> None:
        """Checks the name, and steps over the `()` behind it."""
        if not _FUNCTION_NAME.match(name.raw):
            raise Unsure("a stray `(`")
        self.blanks()
        if self.peek() == "(":
            self.at += 1
            self.blanks()
            if self.peek() != ")":
                raise Unsure("a stray `(`")
            self.at += 1

    def function_body(self, depth: int) -> None:
        """The compound command that is the body of a function."""
        self.blank_lines()
        opening = self.opening()
        if not opening or opening == "function":
            raise Unsure("a function whose body is no compound command")
        self.compound(opening, depth)
