"""Why the commands of a RUN cannot be rewritten, and what a command runs."""

import posixpath
from typing import NamedTuple

from .document import Instruction
from .shell_commands import Command
from .stages import Stage

_SHELLS = ("sh", "bash", "ash", "dash")
_WITH_VALUE = ("-u", "-g", "-C", "-h", "-p", "-r", "-t", "-U")


def unreadable(run: Instruction, stage: Stage, *, flat: bool = True) -> tuple[str, str] | None:
    """A reason code and a sentence; None where every command is known and none stands under a condition.

    With `flat` False compound commands are allowed.
    """
    if run.locked:
        return "locked", run.locked
    if run.heredocs:
        return "unread", "its commands stand in a heredoc"
    if run.json:
        return "unread", "it is in JSON form, and runs one program without a shell"
    shell = stage.before(run).shell
    if shell is not None and (not shell.args or posixpath.basename(shell.args[0]) not in _SHELLS):
        return "unread", f"what the SHELL of line {shell.first_line} makes of it is not known"
    if run.shell.refusal:
        return "unread", f"its commands could not be read with certainty: {run.shell.refusal}"
    if flat and not run.shell.flat:
        return "unread", "some of its commands stand in a loop, a condition or a group"
    return None


class Called(NamedTuple):
    """A program without its folder, its arguments (None: only the build knows), and whether sudo starts it."""

    name: str
    arguments: tuple[str | None, ...]
    sudo: bool

    def verb(self, *skipped: str) -> str | None:
        """The first argument that is no option; `skipped` are options that take the next word."""
        rest = iter(self.arguments)
        for word in rest:
            if word is None:
                return None
            if word in skipped:
                next(rest, None)
            elif not word.startswith("-"):
                return word
        return None


def called(command: Command) -> Called:
    """What a command runs, sudo and env looked through; the name is empty where it is not known."""
    words = [word.value for word in command.words]
    sudo = False
    while words and words[0] in ("sudo", "/usr/bin/sudo", "env", "/usr/bin/env"):
        sudo = sudo or words[0].endswith("sudo")
        words = words[1:]
        while words and words[0] is not None and (words[0].startswith("-") or "=" in words[0]):
            words = words[2 if words[0] in _WITH_VALUE else 1 :]
    name = posixpath.basename(words[0]) if words and words[0] else ""
    return Called(name, tuple(words[1:]), sudo)
