"""Which calls of sudo do nothing for root but start the command."""

import re

from hardenfile.dockerfile.shell import Command, simple_words

SUDO = re.compile(r"(?<![\w./-])(?:/usr/bin/)?sudo(?=[\s\\])")


def is_sudo(command: Command) -> bool:
    """Whether sudo is what a command runs."""
    return command.name in ("sudo", "/usr/bin/sudo")


def problem(command: Command) -> tuple[str, str] | None:
    """Why a call has to stay, a reason code and a sentence; None for a plain `sudo command`."""
    if command.assignments:
        return "environment", f"sudo keeps {command.assignments[0].raw} from the command, which would get it"
    if command.redirects or {command.before, command.after} & {"|", "|&"}:
        return "redirected", "what it reads or writes is redirected, which the shell does and not sudo"
    if "&" in (command.before, command.after):
        return "redirected", "it runs in the background, where sudo and the command get signals in different ways"
    if len(command.words) < 2:
        return "options", "it says no command"
    word = command.words[1]
    if word.value is None:
        return "dynamic", f"what {word.raw} stands for, and whether it is an option, only the build knows"
    if word.value.startswith("-"):
        return "options", f"`sudo {word.value}` does more than to start the command as root"
    if "=" in word.value:
        return "environment", f"sudo sets {word.value} for the command"
    if simple_words(word.raw) is None:
        return "builtin", f"{word.value} is a command of the shell itself, and sudo runs a program of that name"
    return None
