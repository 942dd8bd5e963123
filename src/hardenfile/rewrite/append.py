"""Put one more command into a RUN, laid out as the RUN is."""

from itertools import pairwise
from typing import Literal, NamedTuple

from hardenfile.dockerfile import Instruction, Span
from hardenfile.dockerfile.shell import Command

from .edit import Edit

# After these, what is put at the end would not run, or not as meant.
_ENDING = frozenset(("exit", "exec", "return", "logout"))


class Style(NamedTuple):
    """Where the operators between commands stand: in one line, at the start of lines, or at their end."""

    kind: Literal["inline", "leading", "trailing"]
    indent: str = ""
    ending: str = "\n"


def style_at(run: Instruction, index: int) -> Style:
    """How the commands around the one of that index are laid out."""
    commands = run.shell.commands
    pairs = list(pairwise(commands))
    near = [*reversed(pairs[:index]), *pairs[index:]]
    for before, after in near:
        if after.before in ("&&", ";", "||"):
            return _style(run, before, after)
    return Style("inline")


def insert_after(run: Instruction, command: Command, text: str) -> Edit:
    """`text` as a command that runs where `command`, of a flat script, went well."""
    script = run.shell
    style = style_at(run, script.commands.index(command))
    # Where every failure ends the RUN, `;` between lines says the same as `&&`, and is what the file uses.
    semicolon = style.kind == "trailing" and command.before == ";" and stops_at_failure(run)
    added = separator(run, style, ";" if semicolon else "&&") + text
    place, whole = end_of(run, command), run.document.text
    if place < len(whole):
        return Edit(Span(place, place), added)
    # At the end of a file with no final newline an insertion would count as a line of its own.
    return Edit(Span(place - 1, place), whole[place - 1] + added)


def insert_first(run: Instruction, text: str) -> Edit:
    """`text` as the first command of a flat script, joined to the next by `&&`."""
    place = _start_of(run, run.shell.commands[0])
    return Edit(Span(place, place), text + separator(run, style_at(run, 0), "&&"))


def separator(run: Instruction, style: Style, operator: str) -> str:
    """What stands between two commands in that style."""
    line = f"{run.document.escape}{style.ending}{style.indent}"
    if style.kind == "leading":
        return f" {line}{operator} "
    blank = "" if operator == ";" else " "
    return f"{blank}{operator} {line if style.kind == 'trailing' else ''}"


def cannot_append(run: Instruction) -> str | None:
    """Why a command at the end of a flat script would not run as meant, or None."""
    commands = run.shell.commands
    if not commands:
        return "it has no command"
    if commands[-1].after not in ("", ";"):
        return "its last command runs in the background"
    ending = next((one.name for one in commands if one.name in _ENDING), None)
    if ending is not None:
        return f"{ending} ends it before what would follow"
    for one in commands:
        words = [word.value or "" for word in one.arguments]
        if one.name == "set" and any("f" in word.lstrip("-") or word == "noglob" for word in words if word[:1] == "-"):
            return "it turns patterns of file names off"
        if one.name == "set" and "noglob" in words:
            return "it turns patterns of file names off"
    return None


def stops_at_failure(run: Instruction) -> bool:
    """Whether the script begins with `set -e` and never takes it back."""
    commands = run.shell.commands
    sets = [(one, [word.value or "" for word in one.arguments]) for one in commands if one.name == "set"]
    if not sets or sets[0][0] is not commands[0]:
        return False
    if any(word.startswith("+") for _, words in sets for word in words):
        return False
    return any("e" in word for word in sets[0][1] if word[:1] == "-" and word[:2] != "--")


def end_of(run: Instruction, command: Command) -> int:
    """The offset in the text right behind a command."""
    last = run.split.rest.start + command.span.end
    place = run.place(Span(last - 1, last))
    if place is None:
        raise ValueError(f"no character of line {run.first_line} stands there")
    return place.end


def _start_of(run: Instruction, command: Command) -> int:
    first = run.split.rest.start + command.span.start
    place = run.place(Span(first, first + 1))
    if place is None:
        raise ValueError(f"no character of line {run.first_line} stands there")
    return place.start


def _style(run: Instruction, before: Command, after: Command) -> Style:
    gap = run.document.text[end_of(run, before) : _start_of(run, after)]
    head, newline, tail = gap.rpartition("\n")
    if not newline:
        return Style("inline")
    ending = "\r\n" if head.endswith("\r") else "\n"
    indent = tail[: len(tail) - len(tail.lstrip())]
    return Style("leading" if tail.strip() else "trailing", indent, ending)
