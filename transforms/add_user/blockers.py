"""Why add-user leaves a stage alone."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.privileged import needs_root

from .survey import Survey

MOST_INSTRUCTIONS = 1_000
_POSIX_SHELLS = ("sh", "bash", "ash", "dash", "zsh", "ksh")


class Blocked(NamedTuple):
    """A reason code, a sentence, and the 1-based line that it is about (None: the stage's FROM)."""

    reason: str
    message: str
    line: int | None = None


def blocker(survey: Survey, *, base_images: bool) -> Blocked | None:
    """The first reason to refuse, or None."""
    for check in (_length, _windows, _user, _locked, _onbuild, _children, _shell):
        found = check(survey)
        if found is not None:
            return found
    if not base_images:
        found = _nothing_starts(survey)
        if found is not None:
            return found
    return next(_root_needed(survey), None) or _root_home(survey)


def _length(survey: Survey) -> Blocked | None:
    """Each RUN is judged for each folder, which a file that a program wrote would make a day's work."""
    length = sum(len(stage.instructions) for stage in survey.stage.chain)
    if length <= MOST_INSTRUCTIONS:
        return None
    return Blocked("too-long", f"the stage has {length:,} instructions; more than {MOST_INSTRUCTIONS:,} are not judged")


def is_root(user: str) -> bool:
    """Whether a USER value is root: by name, by number, or by naming nobody."""
    name = user.partition(":")[0]
    return name in ("", "root") or (name.isdigit() and int(name) == 0)


def _windows(survey: Survey) -> Blocked | None:
    row = survey.row
    platform = survey.stage.root.platform
    if row is not None and row.family == "windows":
        return Blocked("windows", "Windows images have no such users")
    if platform is not None and (platform.value or "").startswith("windows"):
        return Blocked("windows", "Windows images have no such users", survey.stage.root.instruction.first_line)
    if any(word in survey.stage.root.base.text.lower() for word in ("windows", "nanoserver", "servercore")):
        return Blocked("windows", "Windows images have no such users", survey.stage.root.instruction.first_line)
    return None


def _user(survey: Survey) -> Blocked | None:
    setting = survey.stage.final.user
    if setting is None:
        row = survey.row
        if row is not None and not is_root(row.default_user):
            return Blocked("already-non-root", f"{row.name} runs as {row.default_user} by itself")
        return None
    line = setting.instruction.first_line
    if not setting.value.known:
        return Blocked("unknown-user", f"who {setting.instruction.value} is, only the build knows", line)
    if setting.value.by_default:
        return Blocked("unknown-user", f"a build argument decides who {setting.instruction.value} is", line)
    if not is_root(setting.value.text):
        return Blocked("already-non-root", f"the image runs as {setting.value.text}", line)
    return None


def _locked(survey: Survey) -> Blocked | None:
    place = survey.place[1]
    if place.locked:
        return Blocked("locked", place.locked, place.first_line)
    if survey.stage.document.escape != "\\":
        return Blocked("locked", "the file's escape token is not the shell's, so its RUN lines are not read")
    return None


def _onbuild(survey: Survey) -> Blocked | None:
    trigger = next((one for stage in survey.stage.chain for one in stage.each("ONBUILD")), None)
    if trigger is not None:
        return Blocked(
            "onbuild", "ONBUILD makes this a base image: its triggers would run as the user", trigger.first_line
        )
    if survey.row is not None and survey.row.onbuild:
        return Blocked("onbuild", f"{survey.row.name} has ONBUILD triggers that are not seen here")
    return None


def _children(survey: Survey) -> Blocked | None:
    for stage in survey.stage.document.stages:
        if stage.parent is survey.stage:
            line = stage.instruction.first_line
            return Blocked("parent", f"the stage in line {line} is FROM this one and would run as the user too", line)
    return None


def _shell(survey: Survey) -> Blocked | None:
    shell = survey.stage.final.shell
    if shell is None:
        return None
    program = shell.args[0].rpartition("/")[2] if shell.args else ""
    if program in _POSIX_SHELLS:
        return None
    if "powershell" in program.lower() or program.lower() in ("cmd", "cmd.exe", "pwsh"):
        return Blocked("windows", "Windows images have no such users", shell.first_line)
    return Blocked("shell", f"what {program or 'this SHELL'} makes of a RUN is not known", shell.first_line)


def _nothing_starts(survey: Survey) -> Blocked | None:
    final = survey.stage.final
    if survey.start.nothing:
        what = "no CMD and no ENTRYPOINT" if final.cmd is None and final.entrypoint is None else "only a prompt starts"
        return Blocked("no-command", f"{what}: a base or development image (the option base-images asks for those)")
    return None


def _root_needed(survey: Survey) -> Iterator[Blocked]:
    row, final = survey.row, survey.stage.final
    if row is not None and final.entrypoint is None and row.drops:
        yield Blocked("drops", f"the entrypoint of {row.name} steps down from root by itself")
    needed = needs_root(survey.start.commands)
    if needed is not None:
        yield Blocked(*needed)
    if row is not None and row.needs_root and (final.entrypoint is None or final.cmd is None) and not final.cmd:
        yield Blocked("needs-root", f"{row.name}: {row.needs_root}")


def _root_home(survey: Survey) -> Blocked | None:
    """/root is closed to everybody else (mode 0700), so nothing that the program needs may lie there."""
    final = survey.stage.final
    if final.workdir is not None and _in_root(final.workdir.text):
        return Blocked("root-home", "the working directory lies in /root, which only root can open")
    checks: list[tuple[Instruction | None, Callable[[str], bool]]] = [
        (final.entrypoint, _names_root),
        (final.cmd, _names_root),
    ]
    for instruction, names in checks:
        if instruction is not None and names(instruction.value):
            line = instruction.first_line
            return Blocked("root-home", f"{instruction.keyword} names a path in /root, which only root can open", line)
    for name, value in survey.stage.env.items():
        if name == "HOME" and _in_root(value.text):
            return Blocked("root-home", "ENV sets HOME to /root, which only root can open")
        if name == "PATH" and any(_in_root(part) for part in value.text.split(":")):
            return Blocked("root-home", "ENV PATH leads into /root, which only root can open")
    return None


def _in_root(path: str) -> bool:
    return path == "/root" or path.startswith("/root/")


def _names_root(text: str) -> bool:
    return "/root/" in text or text.endswith("/root") or '/root"' in text or "~/" in text
