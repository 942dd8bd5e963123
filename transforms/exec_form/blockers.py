"""Why a CMD or ENTRYPOINT stays in the shell form."""

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.stages import Stage

Blocked = tuple[str, str]
_DEFAULT_SHELL = ("/bin/sh", "-c")


def blocker(at: Instruction, stage: Stage, windows: bool) -> Blocked | None:
    """The first reason to refuse, a code and a sentence; None where the words alone decide."""
    if windows:
        return "windows", "Windows images have another shell"
    if at.locked:
        return "locked", at.locked
    shell = stage.before(at).shell
    if shell is not None and shell.args != _DEFAULT_SHELL:
        return "shell", f"the SHELL of line {shell.first_line} may do more than start a program"
    if at.value.startswith("["):
        return "broken-json", "it looks like a JSON array and is none, so a shell gets it as it stands"
    return _moot(at, stage) or _words(at)


def _moot(at: Instruction, stage: Stage) -> Blocked | None:
    """Where the other of CMD and ENTRYPOINT decides what this one does."""
    entrypoint, cmd = stage.final.entrypoint, stage.final.cmd
    if at.keyword == "CMD":
        if entrypoint is None or (entrypoint.json and not entrypoint.args):
            return None
        if not entrypoint.json:
            return "moot", f"the shell form of ENTRYPOINT in line {entrypoint.first_line} throws CMD away"
        return "entrypoint", f"the ENTRYPOINT of line {entrypoint.first_line} would get other arguments"
    # An ENTRYPOINT of its own empties the CMD that a stage inherits, but not its own.
    if cmd is not None and cmd.value and not (cmd.json and not cmd.args):
        return "cmd", f"the CMD of line {cmd.first_line}, which the shell throws away, would become arguments"
    for other in stage.document.stages:
        if other is not stage and stage in other.chain and other.final.entrypoint is at and other.final.cmd is not cmd:
            line = other.final.cmd.first_line if other.final.cmd is not None else other.instruction.first_line
            return "cmd", f"the CMD of line {line}, which the shell throws away, would become arguments"
    return None


def _words(at: Instruction) -> Blocked | None:
    script = at.shell
    if script.refusal:
        return "unread", f"the command could not be read with certainty: {script.refusal}"
    needs = "shell-needed"
    if not script.flat or len(script.commands) != 1 or script.commands[0].after:
        return needs, "it is more than one command"
    command = script.commands[0]
    if command.assignments:
        return needs, f"it sets {command.assignments[0].raw} for the program"
    if command.redirects:
        return needs, "it redirects what the program reads or writes"
    dynamic = next((word for word in command.words if not word.literal), None)
    if dynamic is not None:
        return needs, f"the shell puts in what {dynamic.raw} stands for"
    if at.value[command.span.end :].strip():
        return needs, "it ends in a comment of the shell"
    return None
