"""Every command that the RUN lines of a file run, wherever it stands: shell forms, heredocs, JSON forms, ONBUILD."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from .document import Document, Instruction
from .shell import read_shell, simple_words
from .shell_commands import Command

_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh", "ksh"))
_BY_OTHERS = frozenset(("su", "runuser"))
_WITH_VALUE = frozenset(("-u", "-g", "-U", "-C", "-n", "--user", "--group"))  # of sudo, env and nice
_DEEPEST = 5  # shells that start one another
_HANDED_ON = frozenset(("sudo", "env", "exec", "command", "nice", "time", "nohup", "doas"))


@dataclass(frozen=True, slots=True)
class Ran:
    """One command. `at` is the instruction that a report names; `words` are None where only the shell would know them;
    `before` and `after` are the operators around it. `text` is as written."""

    at: Instruction
    words: tuple[str | None, ...]
    text: str
    before: str = ""
    after: str = ""
    assignments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The program's name without its folder, sudo and env looked through; empty where it is not known."""
        at = self._program
        return posixpath.basename(self.words[at] or "") if at < len(self.words) else ""

    @property
    def arguments(self) -> tuple[str | None, ...]:
        """The words behind the program."""
        return self.words[self._program + 1 :]

    @property
    def _program(self) -> int:
        """Where the program's own name stands; the number of words where it is not known."""
        skipped = False
        for at, word in enumerate(self.words):
            if word is None:
                break
            if skipped:
                skipped = False
            elif word.startswith("-"):
                skipped = at > 0 and word in _WITH_VALUE
            elif posixpath.basename(word) not in _HANDED_ON and "=" not in word:
                return at
        return len(self.words)

    def has(self, *options: str) -> str | None:
        """The first of the words that is one of these options, with or without `=value`."""
        return next((word for word in self.arguments if word is not None and word.partition("=")[0] in options), None)


def commands(document: Document) -> Iterator[Ran]:
    """The commands of every RUN, those of ONBUILD triggers too. What no shell reader can follow is left out."""
    for stage in document.stages:
        for at in stage.instructions:
            run = at.sub if at.sub is not None else at
            if run.keyword == "RUN":
                yield from _of(at, run)


def _of(at: Instruction, run: Instruction) -> Iterator[Ran]:
    if run.json:
        yield from _with_inner(Ran(at, tuple(run.args), " ".join(run.args)))
        return
    if run.heredocs:
        shell = simple_words(run.value.partition("<<")[0].strip() or "sh")
        if shell is None or posixpath.basename(shell[0]) in _SHELLS:
            for heredoc in run.heredocs:
                yield from _in_text(at, heredoc.body)
        return
    for command in run.shell.commands:
        yield from _with_inner(_ran(at, command, run.value))


def _in_text(at: Instruction, text: str, depth: int = 0) -> Iterator[Ran]:
    for command in read_shell(text).commands:
        yield from _with_inner(_ran(at, command, text), depth)


def _with_inner(ran: Ran, depth: int = 0) -> Iterator[Ran]:
    """A command, or in its place those of the text that it gives to a shell: `sh -c "…"`, `su app -c "…"`."""
    text = _given_to_a_shell(ran) if depth < _DEEPEST else None
    inner = tuple(_in_text(ran.at, text, depth + 1)) if text is not None else ()
    if inner:
        yield from inner
    elif ran.words:
        yield ran


def _given_to_a_shell(ran: Ran) -> str | None:
    if ran.name not in _SHELLS | _BY_OTHERS:
        return None
    words = iter(ran.arguments)
    for word in words:
        if word is not None and (word == "--command" or (word.startswith("-") and word[1:2] != "-" and "c" in word)):
            return next(words, None)
        if ran.name in _SHELLS and word is not None and not word.startswith(("-", "+")):
            return None  # a file
    return None


def _ran(at: Instruction, command: Command, text: str) -> Ran:
    words = tuple(word.value for word in command.words)
    assigned = tuple(word.joined for word in command.assignments)
    return Ran(at, words, text[command.span.start : command.span.end], command.before, command.after, assigned)
