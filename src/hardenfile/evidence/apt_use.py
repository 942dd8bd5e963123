"""How a file uses apt: which commands update its lists, and what after a RUN counts on those that it downloads."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.readable import Called, called, unreadable
from hardenfile.dockerfile.shell import Command
from hardenfile.dockerfile.stages import Stage

APT = ("apt-get", "apt", "aptitude")
_ASKING = frozenset(("test", "[", "[[", "grep", "which", "command", "type", "false"))
# Verbs that read no list.
_WITHOUT = frozenset(
    "clean autoclean autoremove remove purge distclean dist-clean mark auto manual hold unhold showhold".split()
)
_NEEDS_LISTS = re.compile(
    r"(?<![\w/.-])(?:/usr/bin/)?(?:apt-get|apt|aptitude|apt-cache|apt-file|apt-fast|nala|gdebi|rosdep|tasksel|"
    r"mk-build-deps)(?![\w/.-])"
)
_WITH_VALUE = ("-o", "--option", "-c", "--config-file", "-t", "--target-release", "-a")
_RUNS_A_FILE = frozenset(("sh", "bash", "dash", "ash", ".", "source", "eval", "make", "ansible-playbook", "puppet"))
_INSTALLER = re.compile(
    r"(?:python|perl|ruby|node)[0-9.]*\s+(?:-\w+\s+)*[\w./-]*(?:install|deps|depend|provision|bootstrap)"
)
_SYSTEM = re.compile(r"/(?:usr/(?:local/)?)?s?bin/")


class Later(NamedTuple):
    """`used`: lists are needed. `doubt`: something runs that was not seen, and may need them. `at`: a 1-based line."""

    kind: Literal["used", "doubt"]
    at: int
    text: str


class _Judged(NamedTuple):
    """What one instruction needs of the lists it finds, and whether lists of its own follow."""

    later: Later | None
    updated: bool = False


def updates(command: Command) -> bool:
    """Whether a command downloads the package lists of apt."""
    found = called(command)
    return found.name in APT and verb(found) == "update"


def verb(found: Called) -> str | None:
    """What apt is asked to do."""
    return found.verb(*_WITH_VALUE)


def later_use(run: Instruction, stage: Stage) -> Later | None:
    """What needs the lists, in the stage or those FROM it: the first use that is sure, else the first doubt."""
    at = stage.instructions.index(run)
    found = list(_walk(stage, stage.instructions[at + 1 :]))
    return next((one for one in found if one.kind == "used"), next(iter(found), None))


def _walk(stage: Stage, instructions: Sequence[Instruction]) -> Iterator[Later]:
    """Everything up to the next update of the lists, then the same in each stage that is FROM this one."""
    for one in instructions:
        found = _judge(one.sub or one, stage, trigger=one.sub is not None)
        if found.later is not None:
            yield found.later
        if found.updated:
            return
    for other in stage.document.stages:
        if other.parent is stage:
            yield from _walk(other, other.instructions)
        for copy in other.each("COPY"):
            source = copy.flag("from")
            from_here = source is not None and (source.value or "").lower() in (stage.name, str(stage.index))
            if from_here and any(_holds_lists(word) for word in copy.args[:-1]):
                yield Later("used", copy.first_line, f"line {copy.first_line} copies the package lists")


def _holds_lists(path: str) -> bool:
    path = path.rstrip("/*") or "/"
    return "$" in path or "/var/lib/apt".startswith(path if path == "/" else path + "/") or "/var/lib/apt" in path


def _judge(one: Instruction, stage: Stage, *, trigger: bool) -> _Judged:
    if one.keyword not in ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"):
        return _Judged(None)
    texts = (one.value, *(heredoc.body for heredoc in one.heredocs))
    named = any(_NEEDS_LISTS.search(text) for text in texts)
    used = Later("used", one.first_line, f"line {one.first_line} may need the package lists")
    if one.keyword != "RUN" or trigger:
        return _Judged(used if named else None)
    if unreadable(one, stage) is not None:
        return _Judged(used if named else _doubt_of_unread(one))
    doubt = None
    for command in one.shell.commands:
        if updates(command) and _certain(command, one.shell.commands):
            return _Judged(doubt, updated=True)
        found = called(command)
        text = one.value[command.span.start : command.span.end]
        if found.name in APT and verb(found) in _WITHOUT:
            continue
        if _NEEDS_LISTS.search(text) and not _names_only(command):
            return _Judged(used)
        if doubt is None and (runs_unseen(command, found) or _INSTALLER.match(text)):
            doubt = Later(
                "doubt", one.first_line, f"line {one.first_line} runs {text[:40]!r}, which may need the lists"
            )
    return _Judged(doubt)


def _certain(command: Command, commands: Sequence[Command]) -> bool:
    """Whether a command runs in every build."""
    at = commands.index(command)
    while commands[at].before in ("&&", "||"):
        if commands[at].before == "||" or commands[at - 1].name in _ASKING:
            return False
        at -= 1
    return commands[at].before in ("", ";", "\n")


def _names_only(command: Command) -> bool:
    """Whether apt is only spoken of: `which apt-get`, `echo apt`, `rm -rf … apt`."""
    return called(command).name in ("which", "echo", "rm", "mkdir", "chmod", "chown", "printf", "test", "[")


def runs_unseen(command: Command, found: Called) -> bool:
    """Whether a command starts a file whose commands are not in the Dockerfile."""
    first = next((word.value for word in command.words if word.value not in ("sudo", "env")), None)
    if first is None:
        return bool(command.words)  # the name is a variable
    if "/" in first:
        return not _SYSTEM.match(first)
    if found.name in ("sh", "bash", "dash", "ash") and "-c" in found.arguments:
        return any(word is None for word in found.arguments)
    return found.name in _RUNS_A_FILE


def _doubt_of_unread(run: Instruction) -> Later | None:
    """A text that names no apt but may run a file that does."""
    texts = (run.value, *(heredoc.body for heredoc in run.heredocs))
    if any(re.search(r"(?:^|[\s;&|\"])(?:\./|(?:ba|da)?sh\s+[^-\s]|source\s|\.\s+\S|make\b)", text) for text in texts):
        return Later("doubt", run.first_line, f"line {run.first_line} may run a file that needs the package lists")
    return None
