"""The lossless document: every byte of the file in order, and what BuildKit would read from it."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

from . import words
from .source import Source, Span, encode
from .words import KEYWORDS, Flag, Split, Word

if TYPE_CHECKING:
    from .shell import Script
    from .stages import Stage

Severity = Literal["error", "warning"]
TriviaKind = Literal["bom", "blank", "comment", "directive"]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something wrong with the file. An error is what BuildKit refuses; a warning is what it lets pass."""

    line: int
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A here-document. `body` is raw: with `chomp`, leading tabs are still in it. `fd` is the file descriptor."""

    name: str
    expand: bool
    chomp: bool
    fd: int
    body: str


class Trivia(NamedTuple):
    """What stands between instructions: a byte order mark, a blank line, a comment, a parser directive."""

    kind: TriviaKind
    span: Span
    line: int


class Directive(NamedTuple):
    """A parser directive such as `# syntax=docker/dockerfile:1`; the span is that of the value."""

    name: str
    value: str
    line: int
    span: Span


class Piece(NamedTuple):
    """A stretch of a logical line that stands in the file as it is."""

    logical: int
    physical: int
    length: int


class Instruction:
    """One instruction with its continuation lines, the comments among them, and its heredocs.

    Lines are 1-based. Spans of flags and words are offsets in `logical`; `place` finds them in the document's text.
    """

    __slots__ = (
        "_pieces",
        "_shell",
        "_split",
        "_sub",
        "_words",
        "begin",
        "body_end",
        "comments",
        "dangling",
        "document",
        "end",
        "first_line",
        "heredocs",
        "last_line",
        "logical",
        "parent",
        "start",
        "unterminated",
    )

    def __init__(
        self,
        document: "Document",
        logical: str,
        pieces: int | tuple[int, ...],
        begin: int,
        end: int,
        first_line: int,
        last_line: int,
        comments: tuple[Span, ...] = (),
        dangling: bool = False,
        start: int = 0,
        parent: "Instruction | None" = None,
    ) -> None:
        self.document = document
        self.logical = logical
        self._pieces = pieces  # a number: the one piece starts there; else the three numbers of each Piece in turn
        self.begin = begin
        self.end = self.body_end = end
        self.first_line = first_line
        self.last_line = last_line
        self.comments = comments
        self.heredocs: tuple[Heredoc, ...] = ()
        self.dangling = dangling
        self.unterminated = False
        self.start = start
        self.parent = parent
        self._split: Split | None = None
        self._sub: Instruction | None = None
        self._shell: Script | None = None
        self._words: tuple[Word, ...] | None = None

    def __repr__(self) -> str:
        return f"<{self.keyword} at line {self.first_line}>"

    @property
    def span(self) -> Span:
        """Where it stands in the text, line ending and heredocs included; `body_end` is where the heredocs start."""
        return Span(self.begin, self.end)

    @property
    def split(self) -> Split:
        """The logical line taken apart; read when first asked for."""
        found = self._split
        if found is None:
            found = self._split = words.split(self.logical, self.document.escape, self.start)
        return found

    @property
    def keyword(self) -> str:
        """The keyword in upper case, also of an unknown instruction."""
        return (self._split or self.split).keyword

    @property
    def known(self) -> bool:
        """Whether the keyword is an instruction of the Dockerfile grammar."""
        return self.split.keyword in KEYWORDS

    @property
    def flags(self) -> tuple[Flag, ...]:
        """The `--name=value` words before the arguments."""
        return (self._split or self.split).flags

    @property
    def args(self) -> tuple[str, ...]:
        """The arguments as BuildKit's parser has them: ENV and LABEL give name, value and separator for each pair."""
        return (self._split or self.split).args

    @property
    def words(self) -> tuple[Word, ...]:
        """The arguments with their places."""
        found = self._words
        if found is None:
            found = self._words = self.split.words(self.logical)
        return found

    @property
    def json(self) -> bool:
        """Whether the arguments are a JSON array of strings, an empty one too."""
        return self.split.json

    @property
    def value(self) -> str:
        """All that follows the keyword and the flags, as one string."""
        parts = self._split or self.split
        return self.logical[parts.rest_start : parts.rest_end]

    @property
    def sub(self) -> "Instruction | None":
        """The instruction under ONBUILD."""
        parts = self.split
        if parts.keyword != "ONBUILD" or parts.rest.start == parts.rest.end:
            return None
        if self._sub is None:
            self._sub = Instruction(
                self.document,
                self.logical[: parts.rest.end],
                self._pieces,
                self.begin,
                self.end,
                self.first_line,
                self.last_line,
                self.comments,
                self.dangling,
                parts.rest.start,
                self,
            )
            self._sub.body_end = self.body_end
        return self._sub

    def flag(self, name: str) -> Flag | None:
        """The first flag of that name."""
        return next((flag for flag in self.flags if flag.name == name), None)

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Name and value of each pair of an ENV or LABEL, not yet expanded, quotes kept."""
        args = self.args
        return tuple((args[at], args[at + 1]) for at in range(0, len(args) - 2, 3))

    def place(self, span: Span) -> Span | None:
        """Where a span of the logical line stands in the text; None when a continuation cuts it."""
        logical, physical, length = self._piece(span.start)
        shift = physical - logical
        fits = span.start >= 0 and span.end <= logical + length
        return Span(span.start + shift, span.end + shift) if fits else None

    def line_of(self, offset: int) -> int:
        """The 1-based line that holds an offset of the logical line."""
        return self.document.source.line_at(self._piece(offset)[1])

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What of the text the logical line is joined from, in order."""
        if isinstance(self._pieces, int):
            return (Piece(*self._piece(0)),)
        each = iter(self._pieces)
        return tuple(map(Piece, each, each, each))

    def _piece(self, offset: int) -> tuple[int, int, int]:
        """The last piece that starts at or before an offset of the logical line."""
        if isinstance(self._pieces, int):
            return 0, self._pieces, len(self.logical)
        starts = range(0, len(self._pieces), 3)
        at = starts[max(bisect_right(starts, offset, key=self._pieces.__getitem__) - 1, 0)]
        logical, physical, length = self._pieces[at : at + 3]
        return logical, physical, length

    @property
    def shell(self) -> "Script":
        """The commands in the shell form of a RUN, CMD, ENTRYPOINT or HEALTHCHECK; spans are offsets in `value`."""
        if self._shell is None:
            from .shell import Script, read_shell

            start, end = self.split.rest
            if self.document.escape != "\\":
                self._shell = Script((), False, "the file's escape token is not the shell's")
            else:
                joins = [one.logical - start for one in self.pieces if start < one.logical < end]
                self._shell = read_shell(self.value, joins)
        return self._shell

    @property
    def locked(self) -> str | None:
        """Why no edit of this instruction can be sound, or None."""
        if self.dangling:
            return "the file ends in a line continuation, so what follows would become part of this instruction"
        if self.unterminated:
            return "a heredoc in it has no end"
        if not self.known:
            return f"{self.keyword} is no instruction that is known here"
        if not self.logical.isascii() and any("\udc80" <= char <= "\udcff" for char in self.logical):
            return "it holds bytes that are no UTF-8"
        return None


class Document:
    """A Dockerfile that gives its own bytes back.

    `nodes` partition `text` exactly; `instructions` are those of the nodes that build something. Made by `parse`.
    """

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        self.source = Source(text)
        self.escape = "\\"
        self.instructions: tuple[Instruction, ...] = ()
        self.passed: list[tuple[TriviaKind, int, int, int]] = []
        self.directives: Mapping[str, Directive] = {}
        self.found: tuple[Diagnostic, ...] = ()
        self._each: dict[tuple[str, ...], tuple[Instruction, ...]] = {}

    def __repr__(self) -> str:
        return f"<Document {self.path}: {len(self.instructions)} instructions>"

    def to_bytes(self) -> bytes:
        """The bytes that were parsed."""
        return encode(self.text)

    @cached_property
    def trivia(self) -> tuple[Trivia, ...]:
        """What stands between the instructions, in order."""
        return tuple(Trivia(kind, Span(start, end), line) for kind, start, end, line in self.passed)

    @property
    def nodes(self) -> tuple[Trivia | Instruction, ...]:
        """Everything in the file, in order; the spans of the nodes partition the text."""
        return tuple(sorted((*self.trivia, *self.instructions), key=lambda node: node.span))

    @property
    def line_ending(self) -> str:
        """The line ending that most lines use."""
        return self.source.line_ending

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What is wrong with the file, by line."""
        from .checks import check

        return tuple(sorted((*self.found, *check(self)), key=lambda one: one.line))

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that BuildKit would refuse the file for."""
        return tuple(one for one in self.diagnostics if one.severity == "error")

    @cached_property
    def stages(self) -> "tuple[Stage, ...]":
        """The build stages, in order."""
        from .stages import read_stages

        return read_stages(self)

    @property
    def syntax(self) -> str | None:
        """The frontend image that `# syntax=` names: the first word of its value."""
        found = self.directives.get("syntax")
        return found.value.partition(" ")[0] if found else None

    def each(self, *keywords: str) -> Iterator[Instruction]:
        """The instructions with one of these keywords, in order; those under ONBUILD are not among them."""
        found = self._each.get(keywords)
        if found is None:
            found = self._each[keywords] = tuple(one for one in self.instructions if one.keyword in keywords)
        return iter(found)
