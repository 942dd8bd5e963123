"""The commands inside a RUN, with their offsets; a text that shells might read in different ways is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from .shell_commands import Command, CommandReader
from .shell_compounds import Redirect
from .shell_words import Unsure, Word

__all__ = ["Command", "Redirect", "Script", "Word", "read_shell", "simple_words"]

_BUILTIN_NAMES = """
    . : [ [[ alias bg bind break builtin caller cd chdir command compgen complete continue declare dirs disown
    echo enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile
    popd printf pushd pwd read readarray readonly return set shift shopt source suspend test times trap true
    type typeset ulimit umask unalias unset wait
"""
_BUILTINS = frozenset(_BUILTIN_NAMES.split())
_REMEMBERED = 20_000  # characters; what is longer is read anew each time


@dataclass(frozen=True, slots=True)
class Script:
    """Every simple command outside substitutions, in the order of the text; none when it was refused.

    `flat`: nothing but simple commands at depth 0, without `!` and `time`. `refusal` says what was uncertain.
    """

    commands: tuple[Command, ...]
    flat: bool
    refusal: str | None


def read_shell(text: str, joins: Sequence[int] | None = None) -> Script:
    """Reads the logical text of a shell form or a heredoc's body. Never raises.

    `joins` are the offsets where the lines that make up a logical line begin, the first left out. A comment that runs
    over one swallows code that looks alive, and is refused; where the joins of a one-line text are not given, any is.
    """
    joins = joins if "#" in text else ()  # they matter to comments only
    read = _remembered if len(text) <= _REMEMBERED else _read
    return read(text, joins if joins is None else tuple(joins))


def _read(text: str, joins: tuple[int, ...] | None) -> Script:
    reader = CommandReader(text, joins)
    try:
        reader.read_all()
    except Unsure as reason:
        return Script((), False, str(reason))
    return Script(tuple(reader.commands), reader.flat, None)


_remembered = lru_cache(maxsize=256)(_read)  # most of a file is the same after a change, and reads the same


def simple_words(text: str) -> tuple[str, ...] | None:
    """The argv of a text that is one simple command, all of it literal; None if a shell is needed to run it."""
    script = read_shell(text)
    if not script.flat or len(script.commands) != 1:
        return None
    command = script.commands[0]
    if command.assignments or command.redirects or command.after or not command.name or command.name in _BUILTINS:
        return None
    words = tuple(word.value for word in command.words if word.value is not None)
    return words if len(words) == len(command.words) else None
