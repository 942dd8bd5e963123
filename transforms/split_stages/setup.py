"""What the final stage repeats of the build stage: accounts, folders, files beside the application, and packages."""

from collections.abc import Sequence
from dataclasses import dataclass

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import within

from .split import Split, Unfit
from .steps import Role, Step
from .steps import role as role_of
from .survey import Survey


@dataclass(frozen=True, slots=True)
class Setup:
    """A RUN's share of the setup: `whole` when all of it is that, so that it may go over as it stands."""

    run: Instruction
    steps: tuple[Step, ...]
    whole: bool


def read_setup(survey: Survey, split: Split) -> tuple[tuple[Setup, ...], tuple[Step, ...]]:
    """The setup above the split, and the commands that install packages there.

    Raises Unfit for a command that is neither claimed nor setup.
    """
    last = survey.last(split.claimed)
    found: list[Setup] = []
    packages: list[Step] = []
    for run in survey.stage.each("RUN"):
        if run.begin > last.begin:
            break
        own = [step for step in survey.steps if step.run is run]
        roles = [(step, role) for step, role in survey.unclaimed(split.claimed) if step.run is run]
        for step, role in roles:
            if role is Role.UNCLEAR and not _inside_build(step, survey, split):
                what = f"`{step.text[:60]}`" if step.command is not None else step.why or "this RUN"
                raise Unfit("unclear-step", f"what {what} leaves for the run cannot be told", run)
        packages += [step for step, role in roles if role is Role.PACKAGES]
        kept = tuple(
            step for step, role in roles if role in (Role.ACCOUNT, Role.FILES) and not _covered(step, split, survey)
        )
        if not kept:
            continue
        if any(not step.always for step in kept):
            raise Unfit("unclear-step", "part of the setup runs on a condition", run)
        if not all(_stays_in_place(step, survey, last) for step in kept):
            raise Unfit("unclear-step", "part of the setup names files from a folder that it is not in then", run)
        rest = [step for step in own if step not in kept and dict(roles).get(step) is not Role.NOTHING]
        found.append(Setup(run, kept, not rest))
    return tuple(found), tuple(packages)


def _stays_in_place(step: Step, survey: Survey, last: Instruction) -> bool:
    """Whether the paths that a command for files names mean the same where the final stage repeats it."""
    if role_of(step) is not Role.FILES or all(word.startswith("/") for word in _operands(step)):
        return True
    workdirs = [one for one in survey.stage.each("WORKDIR") if one.begin < last.begin]
    below = any(one.begin > step.run.begin for one in workdirs)
    return not below and step.cwd == survey.layout.workdir_at(survey.stage.before(step.run))


def _covered(step: Step, split: Split, survey: Survey) -> bool:
    """Whether what the command does to files is in a tree that is copied, or in a folder that only the build has."""
    if step.name not in ("mkdir", "chown", "chmod", "chgrp", "touch", "ln", "install"):
        return False
    paths = named_paths(step)
    if step.name == "chmod" and any(
        path == tree.source and _is_folder(path, survey) for path in paths for tree in split.trees
    ):
        return False  # COPY makes the folder anew, with the usual mode
    return bool(paths) and all(
        (path is not None and any(within(path, tree.source) for tree in split.trees))
        or (step.name != "mkdir" and _only_build(path, survey, split) and not _ships(path, step, survey, split))
        for path in paths
    )


def _is_folder(path: str | None, survey: Survey) -> bool:
    made = (step for step in survey.runs("mkdir") if path in named_paths(step))
    return any(one.startswith(f"{path}/") for one, _ in survey.files) or any(made)


def named_paths(step: Step) -> list[str | None]:
    """The absolute paths that a command for files names; None among them where one is not known."""
    return [step.path(word) for word in _operands(step)]


def _operands(step: Step) -> list[str]:
    """The paths as a command for files names them."""
    words = [word or "" for word in step.arguments if not (word or "").startswith("-")]
    return words[1:] if step.name in ("chown", "chmod", "chgrp") else words


def _only_build(path: str | None, survey: Survey, split: Split) -> bool:
    """Whether a path lies in a folder that claimed copies fill, and the run does not start there."""
    if path is None or any(path in named_paths(step) for step in survey.runs("mkdir")):
        return False
    return any(within(path, folder) for folder in build_folders(survey, split)) and path != survey.workdir


def _ships(path: str | None, step: Step, survey: Survey, split: Split) -> bool:
    """Whether the command works on files that the final stage gets from the context once more, as they were."""
    return any(
        one.instruction not in split.claimed
        and one.instruction.begin < step.run.begin
        and (one.target is None or path is None or within(path, one.target) or within(one.target, path))
        for one in survey.layout.placed
    )


def build_folders(survey: Survey, split: Split) -> tuple[str, ...]:
    """The folders that claimed COPY and ADD instructions fill; never one of the system's."""
    found = dict.fromkeys(
        target
        for one in survey.copies()
        if one in split.claimed and (target := survey.layout.destination(survey.stage, one)) is not None
    )
    return tuple(
        path for path in found if path not in ("/", "/usr", "/etc", "/opt", "/usr/local", "/usr/local/bin", "/bin")
    )


def _inside_build(step: Step, survey: Survey, split: Split) -> bool:
    """Whether a command works in folders that only the build has, on names inside of them."""
    if step.command is None or step.name not in ("rm", "cp", "mv", "sed", "cat", "find", "tar", "rmdir", "test"):
        return False
    folders = build_folders(survey, split)
    paths = [step.path(word) for word in step.arguments if word is not None and not word.startswith("-")]
    known = all(word is not None for word in step.words) and all(path is not None for path in paths)
    return known and all(
        any(within(path or "", folder) for folder in folders) and not _ships(path, step, survey, split)
        for path in paths
    )


def line_of(steps: Sequence[Step], escape: str) -> list[str]:
    """One RUN for some commands, each on a line of its own."""
    texts = [step.text for step in steps]
    lines = [f"RUN {texts[0]}", *(f"    && {text}" for text in texts[1:])]
    return [*(f"{line} {escape}" for line in lines[:-1]), lines[-1]]
