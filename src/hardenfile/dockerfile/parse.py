"""Text to nodes that partition it exactly, as BuildKit's parser (August 2026) cuts it."""

import re

from .document import Diagnostic, Directive, Document, Heredoc, Instruction, TriviaKind
from .expand import ExpansionError, split_words
from .source import BOM, Span, decode, encode
from .words import SPACE

MAX_LINE = 65_535  # bytes in a physical line; what BuildKit's scanner holds
_MAYBE_LONG = MAX_LINE // 4  # characters

_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*+)[\t\f\r ]*+=")
_BLANKS = "\t\f\r "  # what a directive's value is stripped of
_CAN_CONTINUE = "\\` \t"  # what a continued line ends in
_NAMES = ("syntax", "escape", "check")
_HEREDOC = re.compile(r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)\Z")
_HEREDOC_KEYWORDS = ("RUN", "COPY", "ADD")
_WIDE = {b"\xff\xfe": "UTF-16 or UTF-32", b"\xfe\xff": "UTF-16", b"\x00\x00\xfe\xff": "UTF-32"}


def parse(data: bytes | str, path: str = "Dockerfile") -> Document:
    """Read a Dockerfile. Total: any bytes at all give a Document whose `to_bytes()` is the input.

    What is wrong with it is in `Document.diagnostics`.
    """
    return _Parser(decode(data), path).run()


def parse_fragment(text: str, escape: str) -> Document:
    """Read lines that stand below the parser directives of a file with that escape token."""
    parser = _Parser(text, "fragment")
    parser.zone = False
    parser.document.escape = escape
    return parser.run()


class _Parser:
    def __init__(self, text: str, path: str) -> None:
        self.document = Document(text, path)
        self.text = text
        self.lines = text.split("\n")
        if not self.lines[-1]:
            self.lines.pop()
        self.at = 0  # the line to be read next, 0-based
        self.offset = 0  # where it starts
        self.zone = True  # parser directives are still allowed
        self.instructions: list[Instruction] = []
        self.directives: dict[str, Directive] = {}
        self.found: list[Diagnostic] = []

    def run(self) -> Document:
        document = self.document
        document.directives = self.directives
        self._wide()
        if self.text.startswith(BOM):
            document.passed.append(("bom", 0, 1, 1))
            self.offset = 1
            if self.lines:
                self.lines[0] = self.lines[0][1:]
                if not self.lines[0] and len(self.text) == 1:
                    self.lines.pop()
        lines, size, passed = self.lines, len(self.text), document.passed
        while self.at < len(lines):
            line = lines[self.at]
            if len(line) > _MAYBE_LONG:
                self._long(line)
            rest = line.lstrip(SPACE)
            if rest and rest[0] != "#":
                self.zone = False
                self._instruction(line, rest)
                continue
            start = self.offset
            kind: TriviaKind = "comment" if rest else "blank"
            if self.zone:
                if rest and self._directive(line, rest):
                    kind = "directive"
                else:
                    self.zone = False
            self.at += 1
            end = start + len(line) + 1
            self.offset = end if end < size else size
            passed.append((kind, start, self.offset, self.at))
        document.instructions = tuple(self.instructions)
        document.found = tuple(self.found)
        return document

    def _problem(self, line: int, message: str, *, warning: bool = False) -> None:
        self.found.append(Diagnostic(line, "warning" if warning else "error", message))

    def _wide(self) -> None:
        head = encode(self.text[:4])
        for mark, name in _WIDE.items():
            if head.startswith(mark):
                self._problem(1, f"the file is {name}: save it as UTF-8")
                return

    def _long(self, line: str) -> None:
        # The mark at the start is no longer part of the line here, but BuildKit's scanner counts it.
        extra = 3 if self.at == 0 and self.text.startswith(BOM) else 0
        if len(encode(line)) + extra > MAX_LINE:
            self._problem(self.at + 1, f"the line is longer than {MAX_LINE:,} bytes")

    def _directive(self, line: str, rest: str) -> bool:
        trimmed = rest.rstrip("\r")[1:].lstrip(SPACE)
        match = _DIRECTIVE.match(trimmed)
        name = match[1].lower() if match else ""
        if match is None or name not in _NAMES or match.end() == len(trimmed):
            return False
        number = self.at + 1
        if name in self.directives:
            self._problem(number, f"only one {name} parser directive can be used")
            return True
        tail = trimmed[match.end() :].lstrip(_BLANKS) or trimmed[-1]  # blanks alone: the last one is the value
        value = tail.rstrip(_BLANKS) or tail
        begin = self.offset + len(line.rstrip("\r")) - len(tail)
        self.directives[name] = Directive(name, value, number, Span(begin, begin + len(value)))
        if name == "escape":
            if value in ("\\", "`"):
                self.document.escape = value
            else:
                self._problem(number, f"invalid escape token {value!r}: it is either \\ or `")
        return True

    def _instruction(self, line: str, rest: str) -> None:
        """Read from the present line to the end of its instruction, heredocs included."""
        first, start, escape, size = self.at + 1, self.offset, self.document.escape, len(self.text)
        logical = rest.rstrip("\r")
        begin = start + len(line) - len(rest)
        self.at += 1
        end = start + len(line) + 1
        self.offset = end if end < size else size
        pieces: int | tuple[int, ...] = begin
        comments: tuple[Span, ...] = ()
        dangling = False
        if logical[-1] in _CAN_CONTINUE and (cut := _continued(logical, escape)) >= 0:
            logical, pieces, comments, dangling = self._continuation(logical[:cut], begin)
        instruction = Instruction(
            self.document, logical, pieces, start, self.offset, first, self.at, comments, dangling
        )
        if "<<" in logical:
            self._heredocs(instruction)
        self.instructions.append(instruction)

    def _continuation(self, head: str, begin: int) -> tuple[str, tuple[int, ...], tuple[Span, ...], bool]:
        """The logical line that starts with `head`, its pieces, the comments inside it, and whether it never ends."""
        lines, escape = self.lines, self.document.escape
        texts, pieces = [head], [0, begin, len(head)]
        comments: list[Span] = []
        logical, at, start, empty, cut = len(head), self.at, self.offset, False, 0
        while cut >= 0 and at < len(lines):
            line = lines[at]
            if len(line) > _MAYBE_LONG:
                self.at = at
                self._long(line)
            at += 1
            content = line.rstrip("\r") if line[-1:] == "\r" else line
            rest = line.lstrip(SPACE)
            if not rest:
                empty = True
            elif rest[0] == "#":
                comments.append(Span(start + len(line) - len(rest), start + len(content)))
            else:
                last = content[-1]
                if last in _CAN_CONTINUE:
                    cut = _continued(content, escape)
                    if cut >= 0:
                        content = content[:cut]
                else:
                    cut = -1
                length = len(content)
                texts.append(content)
                pieces += (logical, start, length)
                logical += length
            start += len(line) + 1
        self.at, self.offset = at, min(start, len(self.text))
        if empty:
            self._problem(at, "an empty line inside a continuation; a later release may refuse it", warning=True)
        if cut >= 0:
            self._problem(at, "the file ends inside a line continuation", warning=True)
        return "".join(texts), tuple(pieces), tuple(comments), cut >= 0

    def _heredocs(self, instruction: Instruction) -> None:
        inner = instruction.sub or instruction
        if inner.keyword not in _HEREDOC_KEYWORDS or inner.json:
            return
        try:
            marks = heredoc_marks(instruction.logical)
        except ExpansionError as error:
            self._problem(instruction.first_line, f"a heredoc that cannot be read: {error}")
            return
        bodies: list[Heredoc] = []
        for name, expand, chomp, fd in marks:
            begin = self.offset
            end = self._terminator(name, chomp)
            bodies.append(Heredoc(name, expand, chomp, fd, self.text[begin : self.offset if end is None else end]))
            if end is None:
                instruction.unterminated = True
                self._problem(instruction.first_line, f"unterminated heredoc: no line is just {name}")
                break
        if marks:
            instruction.heredocs = tuple(bodies)
            instruction.last_line = self.at
            instruction.end = self.offset

    def _terminator(self, name: str, chomp: bool) -> int | None:
        """Move behind the line that ends a heredoc and give that line's start; None when there is none."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            start = self.offset
            if len(line) > _MAYBE_LONG:
                self._long(line)
            self.at += 1
            self.offset = min(start + len(line) + 1, len(self.text))
            found = line.rstrip("\r")
            if (found.lstrip("\t") if chomp else found) == name:
                return start
        return None


def _continued(content: str, escape: str) -> int:
    """Where the escape token that continues the line stands, or -1; a doubled one does not continue."""
    if content[-1] != escape:
        content = content.rstrip(" \t")
    return len(content) - 1 if content[-1:] == escape and content[-2:-1] != escape else -1


def heredoc_marks(text: str) -> list[tuple[str, bool, bool, int]]:
    """Name, expand, chomp and file descriptor of each heredoc that a logical line opens.

    Raises ExpansionError when a mark cannot be read. This lexer uses the backslash whatever `# escape=` says.
    """
    try:
        candidates = split_words(text, raw_quotes=True, raw_escapes=True, skip_unset=True)
    except ExpansionError:
        return []
    return [mark for word in candidates if (mark := heredoc_mark(word)) is not None]


def heredoc_mark(word: str) -> tuple[str, bool, bool, int] | None:
    """The heredoc that one lexed word opens, if it does."""
    match = _HEREDOC.match(word)
    if match is None or not match[3]:
        return None
    names = split_words(match[3], skip_unset=True)
    if len(names) != 1:
        return None
    raw = split_words(match[3], raw_quotes=True, skip_unset=True)
    if len(raw) != 1:
        raise ExpansionError(f"the delimiter {match[3]!r} reads in two ways")
    expand = _quotes(names[0]) == _quotes(raw[0])
    digits = match[1].lstrip("0")[:21] or "0"
    return names[0], expand, match[2] == "-", min(int(digits), 2**64 - 1)


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')
