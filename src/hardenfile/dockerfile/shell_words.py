"""The words of a shell command: where each one ends, and what it says when nothing in it is left to the shell."""

import re
from abc import ABC, abstractmethod
from typing import NamedTuple

from .source import Span

DEEPEST = 40
"""How many lists, quotes and substitutions may stand inside one another before a text is refused."""

# A word that the shell leaves as it is, whole: the most common by far.
_PLAIN = re.compile(r"[^ \t\n;&|()<>'\"\\$`*?~\[{]+(?=[ \t\n;&|()]|\Z)")
_BARE = re.compile(r"[^ \t\n;&|()<>'\"\\$`]+")
_QUOTED = re.compile(r'[^"\\$`]+')
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_BRACED_NAME = r"(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])"
_PARAMETER = re.compile(rf"\$\{{(?:#{_BRACED_NAME}(?=[}}[])|!?{_BRACED_NAME}(?=[}}[:+=?#%/^,@*-]))")
_SLICE = r":(?:[A-Za-z0-9_ $:+*/-]|\$\{#?[A-Za-z0-9_]+\}|\$\(\([A-Za-z0-9_ $+*/-]+\)\))+\}"
_MODIFIER = re.compile(rf":[-+=?]|{_SLICE}|\[[A-Za-z0-9_@*$ +-]+\]|[^:[]")
_BACKTICKS = re.compile(r"`((?:[^`\\]|\\[\s\S])*)`")
_TILDE = re.compile(r"(?:\A|[=:])~")
_NAMED_DESCRIPTOR = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}\Z")


class Unsure(Exception):  # noqa: N818 - the name says what happened
    """The text cannot be read with certainty; the message is the phrase that says why."""


class Word(NamedTuple):
    """A word: as written, where, and its text after quote removal, or None when the shell would still change it."""

    raw: str
    span: Span
    value: str | None

    @property
    def literal(self) -> bool:
        """Whether the word always means the same text."""
        return self.value is not None

    @property
    def joined(self) -> str:
        """The word as written, its continued lines joined."""
        return self.raw.replace("\\\n", "")


class WordReader(ABC):
    """Reads words at `at`, and raises `Unsure` where bash and a POSIX shell might end them in different places."""

    def __init__(self, text: str, nesting: int = 0) -> None:
        self.text = text
        self.at = 0
        self.nesting = nesting

    @abstractmethod
    def read_substitution(self) -> None:
        """Reads commands up to and with the `)` that closes them."""

    @abstractmethod
    def check_commands(self, text: str) -> None:
        """Raises `Unsure` unless the text inside backticks reads as commands."""

    def peek(self, ahead: int = 0) -> str:
        """The character so far ahead; empty past the end."""
        return self.text[self.at + ahead : self.at + ahead + 1]

    def descend(self) -> None:
        """Counts one more level; its reader counts it down again."""
        self.nesting += 1
        if self.nesting > DEEPEST:
            raise Unsure("too deep a nesting")

    def plain_word(self) -> Word | None:
        """The word that starts here when the shell leaves it as it is; that is no redirection either."""
        found = _PLAIN.match(self.text, self.at)
        if not found:
            return None
        span = Span(*found.span())
        self.at = span.end
        return Word(found[0], span, found[0])

    def word(self) -> Word | None:
        """The word that starts here, None when none does."""
        if plain := self.plain_word():
            return plain
        start, end, text = self.at, self.at, self.text
        value: list[str] = []
        bare: list[str] = []  # the same with NUL for what is quoted, as only bare characters are globs and the like
        dynamic = False
        while self.at < len(text):
            if run := _BARE.match(text, self.at):
                self.at = end = run.end()
                value.append(run[0])
                bare.append(run[0])
                continue
            piece: str | None
            char = text[self.at]
            if char in "'\"\\$`":
                piece = self._piece(char)
                if char == "\\" and not piece:
                    continue  # a line that goes on is no part of the word, unless the word goes on too
                bare.append("\0")
            elif char in "<>" and self.peek(1) == "(":
                if self.at > start:
                    raise Unsure("a process substitution inside a word")
                self.at += 2
                self.read_substitution()
                piece = None
            else:
                break
            dynamic = dynamic or piece is None
            value.append(piece or "")
            end = self.at
        after, self.at = self.peek(), end
        if start == end:
            return None
        word = Word(text[start:end], Span(start, end), None if dynamic or _expands("".join(bare)) else "".join(value))
        if after in ("<", ">") and (word.joined.isdigit() or _NAMED_DESCRIPTOR.match(word.joined)):
            raise Unsure("a file descriptor that shells read in different ways")
        return word

    def _piece(self, char: str) -> str | None:
        """What a quote, a backslash, a dollar or a backtick starts: its text, None when that is dynamic."""
        match char:
            case "'":
                return self._single_quoted()
            case '"':
                return self._double_quoted()
            case "\\":
                return self._escaped()
            case "$":
                return None if self._dollar(quoted=False) else "$"
        self._backticks(quoted=False)
        return None

    def _escaped(self) -> str:
        escaped = self.peek(1)
        if not escaped:
            raise Unsure("a backslash at the end")
        self.at += 2
        return "" if escaped == "\n" else escaped

    def _single_quoted(self) -> str:
        start, end = self.at + 1, self.text.find("'", self.at + 1)
        if end < 0:
            raise Unsure("a single quote that is not closed")
        self.at = end + 1
        return self.text[start:end]

    def _double_quoted(self) -> str | None:
        """The text between double quotes; None when anything in it is dynamic."""
        self.descend()
        value: list[str] = []
        dynamic = False
        self.at += 1
        while char := self.peek():
            if run := _QUOTED.match(self.text, self.at):
                self.at = run.end()
                value.append(run[0])
            elif char == '"':
                self.at += 1
                self.nesting -= 1
                return None if dynamic else "".join(value)
            elif char == "\\":
                kept = "" if self.peek(1) in ("$", "`", '"', "\\", "\n") else "\\"
                value.append(kept + self._escaped())
            elif char == "`":
                self._backticks(quoted=True)
                dynamic = True
            elif self._dollar(quoted=True):
                dynamic = True
            else:
                value.append("$")
        raise Unsure("a double quote that is not closed")

    def _dollar(self, quoted: bool) -> bool:
        """Reads what a dollar starts; False when it stands for itself."""
        after = self.peek(1)
        if self.text.startswith("((", self.at + 1):
            self._arithmetic()
        elif after == "(":
            self.at += 2
            self.read_substitution()
        elif after == "{":
            self._parameter(quoted)
        elif after == "[" or (after == "\\" and self.peek(2) == "\n"):
            raise Unsure("a dollar that shells read in different ways")
        elif after == "'" and not quoted:
            self._dollar_quoted()
        elif after == '"' and not quoted:
            self.at += 1  # bash translates the quoted text that follows, others keep the dollar
        elif name := _NAME.match(self.text, self.at + 1):
            self.at = name.end()
        else:
            self.at += 1
            return False
        return True

    def _dollar_quoted(self) -> None:
        self.at += 1
        quoted = self._single_quoted()
        if (len(quoted) - len(quoted.rstrip("\\"))) % 2:
            raise Unsure("a `$'…'` that shells end in different places")

    def _arithmetic(self) -> None:
        self.descend()
        self.at += 3
        depth = 2
        while char := self.peek():
            if char == "$":
                self._dollar(quoted=True)
                continue
            if char in "'\"\\;`":
                raise Unsure("an arithmetic expansion that may be none")
            self.at += 1
            depth += (char == "(") - (char == ")")
            if depth == 1:
                if self.peek() != ")":
                    raise Unsure("an arithmetic expansion that may be none")
                self.at += 1
                self.nesting -= 1
                return
        raise Unsure("an arithmetic expansion that is not closed")

    def _parameter(self, quoted: bool) -> None:
        start = _PARAMETER.match(self.text, self.at)
        if not start:
            raise Unsure("a `${` without a name")
        if not _MODIFIER.match(self.text, start.end()):
            raise Unsure("a `${…}` that is no default, slice or index")
        self.descend()
        self.at = start.end()
        while char := self.peek():
            before = self.at
            if char == "}":
                self.at += 1
                self.nesting -= 1
                return
            if char in "'<>" and (quoted if char == "'" else self.peek(1) == "("):
                raise Unsure("a `${…}` that shells end in different places")
            if char == "$":
                self._dollar(quoted)
            elif char == '"' or char in "'\\`":
                self._backticks(quoted) if char == "`" else self._piece(char)
                if quoted and char == '"' and "}" in self.text[before : self.at]:
                    raise Unsure("a `${…}` that shells end in different places")
            else:
                self.at += 1
        raise Unsure("a `${` that is not closed")

    def _backticks(self, quoted: bool) -> None:
        found = _BACKTICKS.match(self.text, self.at)
        if not found:
            raise Unsure("a backtick that is not closed")
        self.descend()
        escaped = r'\\([$`\\"])' if quoted else r"\\([$`\\])"
        self.check_commands(re.sub(escaped, r"\1", found[1]))
        self.nesting -= 1
        self.at = found.end()


def _expands(bare: str) -> bool:
    """Whether bare characters make a glob, a brace expansion or a home directory, in bash or elsewhere."""
    if "*" in bare or "?" in bare or _TILDE.search(bare):
        return True
    if 0 <= bare.find("[") < bare.rfind("]"):
        return True
    braced = bare[bare.find("{") : bare.rfind("}") + 1] if "{" in bare else ""
    return "," in braced or ".." in braced
