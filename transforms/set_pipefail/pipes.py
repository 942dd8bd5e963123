"""RUN lines in which a pipe can hide a failure."""

from collections.abc import Iterator

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.shell import Script
from hardenfile.dockerfile.stages import Stage

_NEVER_FAIL = frozenset("echo printf yes : true cat".split())


def unseen_failures(stage: Stage, windows: bool) -> Iterator[Instruction]:
    """Each RUN with such a pipe; the shells of Windows have other rules."""
    if windows:
        return
    for run in stage.each("RUN"):
        shell = stage.before(run).shell
        words = shell.args if shell is not None else ()
        if any("pipefail" in word for word in words) or any("powershell" in word or "cmd" in word for word in words):
            continue
        if not run.json and not run.heredocs and _hides(run.shell):
            yield run


def _hides(script: Script) -> bool:
    for command in script.commands:
        words = [word.value or "" for word in command.words]
        if words[:1] == ["set"] and "pipefail" in words:
            return False
        if command.after in ("|", "|&") and (command.name or "?") not in _NEVER_FAIL:
            return True
    return False
