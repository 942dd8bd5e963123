"""What the stacks with a compiler ask alike: copies that feed the build, files that cp and mv make, users by name."""

import fnmatch
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import is_known_folder, within

from .packages_table import is_header, is_tool
from .split import Runtime, Split, Unfit
from .steps import Role, Step, role
from .survey import Survey

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_FILE_TOOLS = frozenset("rm cp mv echo printf mkdir touch strip".split())
_GLOB = re.compile(r"[\w./+@*?-]+\Z")


@dataclass(frozen=True, slots=True)
class Made:
    """A file that a cp or mv makes of another; `source` is an absolute path that may hold `*`."""

    source: str
    step: Step


def spelled(step: Step, given: Mapping[str, str] = MappingProxyType({})) -> tuple[str | None, ...]:
    """The words of a command, patterns as they are written. `given` are variables that the base image sets."""
    if step.command is None:
        return step.words
    return tuple(
        value if value is not None else _pattern(word.joined, given)
        for value, word in zip(step.words, step.command.words, strict=True)
    )


def _pattern(raw: str, given: Mapping[str, str]) -> str | None:
    raw = _VARIABLE.sub(lambda match: given.get(match[1] or match[2], match[0]), raw)
    return raw if _GLOB.match(raw) else None


def feeding(survey: Survey, folders: Collection[str], last: Instruction) -> Iterator[Instruction]:
    """The COPY and ADD instructions above the last step of the build that fill the folders where it works."""
    for one in survey.copies():
        target = survey.layout.destination(survey.stage, one)
        if one.begin > last.begin or target is None:
            continue
        if any(within(target, folder) or within(folder, target) for folder in folders):
            yield one


def filled(survey: Survey, claimed: Collection[Step | Instruction]) -> list[str]:
    """The folders that the claimed copies fill."""
    found = (survey.layout.destination(survey.stage, one) for one in claimed if isinstance(one, Instruction))
    return [path for path in dict.fromkeys(found) if path is not None]


def made(survey: Survey, path: str) -> Made | None:
    """The last cp or mv that leaves a file there; None where there is none.

    Raises Unfit for one that runs on a condition, or makes a link.
    """
    found = None
    for step in survey.steps:
        if step.name not in ("cp", "mv", "ln", "install") or step.cwd is None:
            continue
        words = [word for word in spelled(step)[1:] if word is None or not word.startswith("-")]
        if len(words) < 2 or words[-1] is None:
            continue
        target = step.path(words[-1]) or ""
        into = words[-1].endswith("/") or _is_folder(survey, target)
        # What is copied may be a build argument: whatever it names, the copy is what starts.
        words = [
            word for word in spelled(step, _arguments(survey, step))[1:] if word is None or not word.startswith("-")
        ]
        if None in words:
            continue
        sources = [step.path(word or "") or "" for word in words[:-1]]
        for source in sources:
            if path == target and not into and len(sources) == 1:
                found = Made(source, step)
            elif into and posixpath.dirname(path) == target and _matches(path, source):
                found = Made(posixpath.join(posixpath.dirname(source), posixpath.basename(path)), step)
    if found is not None and (not found.step.always or found.step.name in ("ln", "install")):
        raise Unfit("artefact", f"whether, or how, `{found.step.text[:60]}` makes {path} is not known", found.step.run)
    return found


def _arguments(survey: Survey, step: Step) -> dict[str, str]:
    """The defaults of the build arguments above a command."""
    words = [word for one in survey.stage.each("ARG") if one.begin < step.run.begin for word in one.args]
    pairs = (word.partition("=") for word in words if "=" in word and "$" not in word)
    return {name: value.strip("\"'") for name, _, value in pairs}


def _matches(path: str, source: str) -> bool:
    return fnmatch.fnmatchcase(posixpath.basename(path), posixpath.basename(source))


def _is_folder(survey: Survey, path: str) -> bool:
    """Whether a path of the image is known to be a folder."""
    workdirs = (survey.layout.workdir_at(survey.stage.before(one)) for one in survey.stage.instructions)
    if is_known_folder(path) or any(workdir is not None and within(workdir, path) for workdir in workdirs):
        return True
    if any(one.startswith(f"{path}/") for one, _ in survey.files):
        return True
    return any(step.path(word) == path for step in survey.runs("mkdir") for word in step.arguments if word)


def cached(step: Step, path: str) -> bool:
    """Whether a mount hides a path from the image while a command runs."""
    for mount in step.mounts:
        for part in mount.split(","):
            name, _, value = part.partition("=")
            if name in ("target", "dst", "destination"):
                place = step.path(value)
                if place is not None and within(path, place):
                    return True
    return False


def read_xml(text: str, where: str) -> Element:
    """The root of an XML text. Raises Unfit for one that is broken or declares entities."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Unfit("artefact", f"{where} has a DOCTYPE, and is not read")
    try:
        return ElementTree.fromstring(text.removeprefix("\ufeff").lstrip())
    except ElementTree.ParseError as error:
        raise Unfit("artefact", f"{where} is no XML: {error}") from error


def needs_shell(survey: Survey, claimed: Collection[Step | Instruction], programs: Collection[str]) -> bool:
    """Whether the final stage has commands to run, or starts by a shell. `programs` are packages of the build alone."""
    if survey.shell_at_start or any(one.keyword == "RUN" for one in survey.below(claimed)):
        return True
    for step, what in survey.unclaimed(claimed):
        if what in (Role.ACCOUNT, Role.FILES):
            return True
        if what is Role.PACKAGES and ({"install", "add"} & set(step.words)):
            for word in step.arguments:
                name = (word or "?").partition("=")[0]
                only_builds = is_tool(name) or is_header(name) or name in programs or name in ("install", "add")
                if not name.startswith("-") and not only_builds:
                    return True
    return False


def check_split(survey: Survey, split: Split) -> None:
    """Raise Unfit for a tree that a later command removes, or a user that the final stage does not have."""
    check_users(survey, split)
    builders = [at for at, step in enumerate(survey.steps) if step in split.claimed and step.name not in _FILE_TOOLS]
    built = max(builders, default=-1)
    last = survey.last(split.claimed)
    for at, step in enumerate(survey.steps):
        if step.name != "rm" or step.run.begin > last.begin:
            continue
        paths = [step.path(word) or "" for word in spelled(step)[1:] if word and not word.startswith("-")]
        for tree in split.trees:
            gone = any(within(tree.source, path) or fnmatch.fnmatchcase(tree.source, path) for path in paths)
            if gone and (at > built or not tree.built):
                raise Unfit("artefact", f"`{step.text[:60]}` removes {tree.source}", step.run)


def check_users(survey: Survey, split: Split) -> None:
    """Raise Unfit for a user that the final stage names and that its image does not have."""
    own = survey.base.app_user
    if own is None or not own.name or split.runtime.image == survey.base:
        return
    theirs = split.runtime.image.app_user
    if theirs is not None and (theirs.name, theirs.uid, theirs.gid) == (own.name, own.uid, own.gid):
        return
    if any(role(step) is Role.ACCOUNT and own.name in step.words for step in survey.steps):
        return
    for at, names in _named_users(survey, split):
        if own.name in names or str(own.uid) in names:
            raise Unfit(
                "owners", f"{own.name} is a user of {survey.stage.base.text} that {split.runtime.text} has not", at
            )


def _named_users(survey: Survey, split: Split) -> Iterator[tuple[Instruction, list[str]]]:
    last = survey.last(split.claimed)
    copied = any(not tree.built for tree in split.trees)
    user = survey.stage.final.user
    if user is not None:
        yield user.instruction, user.value.text.split(":")
    for one in survey.stage.instructions:
        if one.keyword == "USER" and one.begin > last.begin:
            yield one, one.value.split(":")
        elif one.keyword in ("COPY", "ADD") and (one not in split.claimed or copied):
            chown = one.flag("chown")
            if chown is not None:
                yield one, (chown.value or "").split(":")
    for step in survey.runs("chown", "chgrp"):
        if step not in split.claimed:
            yield step.run, [part for word in step.arguments[:2] if word for part in word.split(":")]


def kept_settings(survey: Survey, runtime: Runtime, *names: str) -> tuple[str, ...]:
    """ENV lines for variables that the base image sets otherwise than the image of the final stage."""
    before, after = dict(survey.base.env), dict(runtime.image.env)
    return tuple(
        f"ENV {name}={before[name]}"
        for name in names
        if name in before and name not in survey.stage.env and before[name] != after.get(name)
    )


def kept_workdir(survey: Survey, runtime: Runtime) -> tuple[str, ...]:
    """A WORKDIR line where only the base image sets one."""
    if survey.stage.final.workdir is None and survey.workdir != (runtime.image.workdir or "/"):
        return (f"WORKDIR {survey.workdir}",)
    return ()


def lost_volumes(survey: Survey, runtime: Runtime) -> frozenset[str]:
    """The volumes of the base image, for a toolchain's caches, that the other image has not."""
    return frozenset(f"VOLUME {path}" for path in survey.base.volumes if path not in runtime.image.volumes)
