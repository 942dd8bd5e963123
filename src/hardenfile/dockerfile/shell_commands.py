"""The commands of a shell text: simple ones with their operators, and what compound ones have inside."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from .shell_compounds import RESERVED, CompoundReader, Redirect
from .shell_words import Unsure, Word
from .source import Span

_CLOSING = frozenset(("then", "elif", "else", "fi", "do", "done", "esac", "}"))
_END_OF_CASE = re.compile(r";;&|;;|;&")
_OPERATOR = re.compile(r"&&|\|\||\|&|\||;(?![;&])|&|\n")
_JOINING = frozenset(("&&", "||", "|", "|&"))
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(=|\+=|\[)")
_UNARY_TEST = re.compile(r"-[A-Za-z]\Z")
_TEST_OPERATORS = frozenset(("=", "==", "!=", "=~", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"))
_SPLIT_OPERATOR = re.compile(r"[&|;<>](?:\\\n)+[&|;<>]|[<>(](?:\\\n)+\(")


class Command(NamedTuple):
    """A simple command. `before` and `after`: the operators around it in its own list, empty at the list's ends.

    `depth` counts the compound commands around it: 0 is the top level. The span ends with the last word or target.
    """

    words: tuple[Word, ...]
    assignments: tuple[Word, ...]
    redirects: tuple[Redirect, ...]
    span: Span
    before: str
    after: str
    depth: int

    @property
    def name(self) -> str | None:
        """What is run; None when that is dynamic, or nothing is."""
        return self.words[0].value if self.words else None

    @property
    def arguments(self) -> tuple[Word, ...]:
        """The words behind the name."""
        return self.words[1:]


_Draft = tuple[tuple[Word, ...], tuple[Word, ...], tuple[Redirect, ...], Span]


class CommandReader(CompoundReader):
    """Recursive descent; every method leaves `at` behind what it has read. The results are `commands` and `flat`."""

    def __init__(self, text: str, joins: Sequence[int] | None, nesting: int = 0) -> None:
        super().__init__(text, joins, nesting)
        self.commands: list[Command] = []
        self.flat = True

    def read_all(self) -> None:
        """Reads the whole text; raises `Unsure`."""
        for character, name in (("\r", "a carriage return"), ("\0", "a NUL")):
            if character in self.text:
                raise Unsure(name)
        if _SPLIT_OPERATOR.search(self.text):
            raise Unsure("an operator that may go on in the next line")
        self.read_list(0, "", may_be_empty=True)

    def read_substitution(self) -> None:
        commands, flat = self.commands, self.flat
        self.commands = []
        self.read_list(0, ")", may_be_empty=True)
        self.commands, self.flat = commands, flat

    def check_commands(self, text: str) -> None:
        CommandReader(text, (), self.nesting).read_all()

    def read_list(self, depth: int, *closers: str, may_be_empty: bool = False) -> str:
        """Commands up to one of the closers, which is read and returned; the empty one is the end of the text."""
        self.descend()
        self.blank_lines()
        before, empty = "", True
        while (closer := self._closer()) is None:
            if not (before or empty):
                raise Unsure("text behind a compound command")
            draft = self._command(depth, before)
            after = self._operator()
            if draft:
                self.commands.append(Command(*draft, before, after, depth))
            before, empty = after, False
        if closer not in closers:
            raise Unsure(f"a stray `{closer}`" if closer else f"an end without `{closers[-1]}`")
        if before in _JOINING:
            raise Unsure(f"nothing behind `{before}`")
        if empty and not may_be_empty:
            raise Unsure(f"nothing before `{closer}`")
        self.at += len(closer)
        self.nesting -= 1
        return closer

    def _closer(self) -> str | None:
        """What stands here that can only end a list; empty at the end of the text, None where a command begins."""
        if self.at == len(self.text):
            return ""
        if self.peek() == ")":
            return ")"
        if end := _END_OF_CASE.match(self.text, self.at):
            return end[0]
        word = self.reserved()
        return word if word in _CLOSING else None

    def _operator(self) -> str:
        """The operator behind a command, and the blank lines that it allows; empty where there is none."""
        self.blanks()
        found = _OPERATOR.match(self.text, self.at)
        if not found:
            return ""
        self.at = found.end()
        self.blank_lines()
        return found[0]

    def _command(self, depth: int, before: str) -> _Draft | None:
        """A simple command, which the caller adds, or a compound one, whose commands are added here."""
        if before not in ("|", "|&"):
            self._prefixes()
        opening = self.opening()
        if opening:
            self.flat = False
            self.compound(opening, depth + 1)
            return None
        return self._simple(depth)

    def _prefixes(self) -> None:
        """`!` and `time`, which say something of the pipeline and are no part of a command."""
        if self.take("!"):
            self.flat = False
            if self.peek() == "(":
                raise Unsure("a `!(` that may be a pattern")
            self.blanks()
        if self.take("time"):
            self.flat = False
            self.blanks()
            if self.peek() == "-":
                raise Unsure("`time` with an option")

    def _simple(self, depth: int) -> _Draft | None:
        """Assignments, words and redirections; None when it turns out to be a function."""
        start = end = self.at
        words: list[Word] = []
        assignments: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            self.blanks()
            if word := self.plain_word():
                self._place(word, words, assignments)
            elif redirect := self.redirect():
                redirects.append(redirect)
            elif word := self.word():
                self._place(word, words, assignments)
            elif self.peek() == "(" and len(words) == 1 and not (assignments or redirects):
                self.function_name(words[0])
                self.flat = False
                self.function_body(depth + 1)
                return None
            else:
                break
            end = self.at
        if self.peek() == "(":
            raise Unsure("a stray `(`")
        if end == start:
            raise Unsure("a missing command")
        return tuple(words), tuple(assignments), tuple(redirects), Span(start, end)

    def _place(self, word: Word, words: list[Word], assignments: list[Word]) -> None:
        """Files a word of a simple command under what it is there."""
        if words:
            if words[0].raw == "[[":
                raise Unsure("a word behind `]]`")
            words.append(word)
        elif assignment := _ASSIGNMENT.match(word.joined):
            if assignment[1] != "=":
                raise Unsure("an assignment that only bash knows")
            assignments.append(word)
        else:
            if word.joined == "]]" or RESERVED.fullmatch(word.joined):
                raise Unsure(f"`{word.joined}` where a command should be")
            words.append(word)
            if word.raw == "[[":
                self._test(words)

    def _test(self, words: list[Word]) -> None:
        """The words of `[[ … ]]`; its own operators, which other shells take for theirs, are refused."""
        while words[-1].raw != "]]":
            self.blanks()
            word = self.word()
            if not word:
                raise Unsure("an operator inside `[[`, or no `]]`")
            words.append(word)
        tested = [word.raw for word in words[1:-1]]
        while tested[:1] == ["!"]:
            del tested[0]
        match tested:
            case [_, operator, _] if operator in _TEST_OPERATORS:
                return
            case [operator, *operand] if len(operand) < 2 and bool(operand) == bool(_UNARY_TEST.match(operator)):
                return
        raise Unsure("a test that is none")
