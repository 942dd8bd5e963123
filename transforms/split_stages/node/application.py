"""The folder of a Node application: which it is, which commands work in it, and what of it is copied."""

import posixpath
from collections.abc import Iterator, Sequence

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import is_system, within

from ..split import Tree, Unfit
from ..steps import Step
from ..survey import Survey
from .managers import MANAGERS, arguments, folder_of, installs, is_global
from .project import Project

# Programs of the build: whatever they leave is in the folder that they work in.
_TOOLS = MANAGERS | frozenset(
    "npx pnpx corepack node tsc tsup next nuxt nuxi nest ng vite gulp grunt bower lerna nx turbo prisma react-scripts "
    "vue-cli-service webpack rollup esbuild gatsby astro remix svelte-kit eslint prettier jest vitest mocha node-gyp "
    "node-prune modclean".split()
)
_SETUP = frozenset("mkdir chown chmod chgrp touch".split())
_FILES = frozenset("rm cp mv sed cat find tar rmdir echo printf ls".split())
_PLACELESS = (("config",), ("cache",), ("set",), ("-v",))
_IN_HOME = ("~/.npm", "$HOME/.npm", "/root/.npm", "~/.cache", "/usr/local/share/.cache", "~/.yarn", ".npmrc", "~/.pnpm")
_WORLD = frozenset(("/usr/src", "/srv", "/var/www", "/usr/local/app"))


def application(survey: Survey) -> tuple[Step, ...]:
    """The steps that run Node's tools."""
    return tuple(
        step for step in survey.steps if step.name in _TOOLS or "node_modules/.bin/" in "".join(_program(step))
    )


def _program(step: Step) -> tuple[str, ...]:
    return tuple(word or "" for word in step.words[:1])


def folder_of_application(survey: Survey, tools: Sequence[Step]) -> str:
    """The folder that holds all folders in which packages are installed. Raises Unfit where that is none of its own."""
    found = []
    for step in tools:
        if is_global(step) or step.name == "corepack" or (step.name in MANAGERS and arguments(step)[:1] in _PLACELESS):
            continue
        folder = folder_of(step)
        if folder is None:
            raise Unfit("unknown-workdir", f"where `{step.text[:60]}` works cannot be told", step.run)
        if installs(step) or step.name not in MANAGERS or folder != "/":
            found.append(folder)
    folder = posixpath.commonpath(found)
    if (is_system(folder) and folder not in _WORLD and not folder.startswith("/root/")) or folder == "/home/node":
        raise Unfit("artefact", f"the application is not in a folder of its own, but in {folder}", tools[0].run)
    return folder


def claimed_steps(survey: Survey, folder: str, tools: Sequence[Step]) -> set[Step | Instruction]:
    """The commands that leave nothing outside of the folder, and the copies into it. Raises Unfit."""
    claimed: set[Step | Instruction] = set()
    for step in tools:
        if any(name in (word or "") for word in step.words for name in ("playwright", "puppeteer", "cypress")):
            raise Unfit("packages", f"`{step.text[:60]}` fetches a browser, which needs libraries", step.run)
        for mount in step.mounts:
            if "type=cache" in mount and any(
                within(path, folder) for path in (_target(mount, step),) if path is not None
            ):
                raise Unfit("artefact", "a cache mount covers part of the application while it is built", step.run)
        _check_redirects(step, folder)
        claimed.add(step)
    last = survey.last(claimed)
    for step in survey.steps:
        if step.run.begin <= last.begin and step.command is not None and inside(step, folder):
            claimed.add(step)
    for one in survey.copies():
        if one.begin > last.begin:
            continue
        target = survey.layout.destination(survey.stage, one)
        if target is None:
            raise Unfit("unknown-workdir", "where a copy goes cannot be told", one)
        if within(target, folder):
            claimed.add(one)
        elif within(folder, target) and not _all_inside(survey, one, folder):
            raise Unfit("artefact", f"it copies to {target}, around the application in {folder}", one)
        elif within(folder, target) or not is_system(posixpath.dirname(target) if "." in target else target):
            claimed.add(one)
    return claimed


def _check_redirects(step: Step, folder: str) -> None:
    """Raise Unfit where the output of a command goes to a file outside of the folder."""
    for one in step.command.redirects if step.command is not None else ():
        value = one.target.value
        path = step.path(value) if value is not None else None
        nowhere = value is not None and (value.isdigit() or value.startswith(("/dev/", "/tmp/")))
        if ">" in one.operator and not nowhere and (path is None or not within(path, folder)):
            raise Unfit("unclear-step", f"`{step.text[:60]}` writes a file outside of {folder}", step.run)


def _target(mount: str, step: Step) -> str | None:
    for part in mount.split(","):
        name, _, value = part.partition("=")
        if name in ("target", "dst", "destination"):
            return step.path(value)
    return None


def inside(step: Step, folder: str) -> bool:
    """Whether a command only changes files in the folder, or caches of the package managers."""
    if step.name not in _FILES | _SETUP or step.command is None:
        return False
    if step.name == "rm" and any(place in step.text for place in _IN_HOME):
        return True
    targets = [one.target.value for one in step.command.redirects if ">" in one.operator]
    if any(target is not None and target.endswith((".npmrc", ".yarnrc")) for target in targets):
        return True
    words: list[str | None] = [*targets]
    if step.name not in ("echo", "printf"):
        words += [word for word in step.arguments if word is None or not word.startswith("-")]
    elif not targets:
        return False
    if step.name in ("chown", "chmod", "chgrp"):
        del words[len(targets) : len(targets) + 1]  # whom, or what mode
    paths = [step.path(word) if word else None for word in words]
    return bool(paths) and all(path is not None and within(path, folder) for path in paths)


def _all_inside(survey: Survey, copy: Instruction, folder: str) -> bool:
    """Whether all that a COPY brings lies in the folder, though it copies to one around it."""
    placed = [one for one in survey.layout.placed if one.instruction is copy]
    return bool(placed) and all(one.target is not None and within(one.target, folder) for one in placed)


def trees(
    survey: Survey, folder: str, projects: Sequence[Project], claimed: set[Step | Instruction], *, alone: bool
) -> tuple[Tree, ...]:
    """What the final stage copies: the packages where that is all the build leaves, else the whole folder; and what
    else the build was given, beside it."""
    last = survey.last(claimed)
    beside = tuple(copied_beside(survey, folder, claimed))
    if alone and not beside and len(projects) == 1 and projects[0].folder == folder:
        project = projects[0]
        only = all(_plain(step, project) for step in claimed if isinstance(step, Step))
        if (
            only
            and not project.local
            and not project.lifecycle
            and project.dependencies
            and covered(survey, folder, last)
        ):
            modules = posixpath.join(folder, "node_modules")
            why = f"{modules} is all that the installation leaves, and the application is copied below it"
            return (Tree(modules, modules, why, built=True),)
    why = f"{folder} is copied whole, as the build leaves it"
    return (Tree(folder, folder, why), *beside)


def _plain(step: Step, project: Project) -> bool:
    """Whether a command leaves nothing but packages."""
    if step.name in ("mkdir", "chown"):
        own = (project.folder, posixpath.join(project.folder, "node_modules"))
        return all(step.path(word) in own for word in step.arguments if word and "/" in word)
    return (
        (installs(step) and not project.berry)
        or is_global(step)
        or step.name == "corepack"
        or (step.name in MANAGERS and step.words[1:2] in (("cache",), ("config",), ("set",)))
        or (step.name == "rm" and any(place in step.text for place in _IN_HOME))
    )


def covered(survey: Survey, folder: str, last: Instruction) -> bool:
    """Whether each file of the folder that was copied for the build is copied again below it."""
    early: set[str] = set()
    late: set[str] = set()
    for one in survey.layout.placed:
        if one.target is None:
            return False
        if not within(one.target, folder):
            continue
        paths = set(_paths(survey, one.target, one.source, one.folder))
        if not paths:
            return False
        if one.instruction.begin <= last.begin:
            early |= paths
        else:
            late |= paths
    return bool(late) and early <= late


def _paths(survey: Survey, target: str, source: str | None, folder: bool | None) -> Iterator[str]:
    if source is None:
        return
    if not folder:
        yield target
        return
    start = len(source) + 1 if source else 0
    for entry in survey.context.walk(source):
        yield posixpath.join(target, entry.path[start:])


def copied_beside(survey: Survey, folder: str, claimed: set[Step | Instruction]) -> Iterator[Tree]:
    """What is copied to places outside of the folder, which the build may read and the run as well."""
    for one in survey.layout.placed:
        if one.instruction in claimed and one.target is not None and not within(one.target, folder):
            target = one.target
            yield Tree(target, target, f"{target} is copied as the build had it")
