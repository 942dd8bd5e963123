"""What the Dockerfile itself gives the application: its tree, its folders, its volumes; and which RUN writes there."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from hardenfile.dockerfile import Instruction
from hardenfile.dockerfile.shell import Command, Script
from hardenfile.dockerfile.stages import Stage

from .layout import Layout
from .paths import is_system, within

# ENV names that name a folder to write to; PATH, JAVA_HOME and the like name where programs are.
_FOLDER_NAME = re.compile(
    r"(?:^|_)(?:DATA|CACHE|UPLOADS?|LOGS?|STORAGE|STATE|MEDIA|RUNTIME|WORK)"
    r"(?:_?(?:DIR|DIRECTORY|PATH|FOLDER|ROOT|HOME))?$"
)
# Commands that leave the application's tree as it is; pip installs elsewhere unless told otherwise.
_ELSEWHERE = frozenset(
    "apt-get apt apk yum dnf microdnf zypper dpkg rpm apt-key update-ca-certificates update-alternatives locale-gen "
    "groupadd useradd addgroup adduser usermod groupmod passwd chpasswd chmod chown chgrp rm rmdir echo printf : true "
    "set export cd test [ [[ command which type id whoami uname cat ls grep sleep exit ldconfig ln fc-cache gem "
    "a2enmod a2ensite docker-php-ext-install docker-php-ext-enable docker-php-ext-configure pecl setcap rustup "
    "dpkg-reconfigure debconf-set-selections gpg mkdir install".split()
)
_RUNS_CODE = ("python", "python3", "node", "java", "go")
# Package managers that fill a folder of their own below the working directory.
_INSTALLERS = {"npm": "node_modules", "yarn": "node_modules", "pnpm": "node_modules", "composer": "vendor"}
_CACHE_CLEANERS = ("npm", "yarn")
_PIP = ("pip", "pip3", "pip2")
_PIP_INTO = ("-t", "--target", "--prefix", "--root", "-e", "--editable", "--src")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is the application's own, and the instruction that says so.

    `volume` is the VOLUME that declares it; `there`: an instruction creates it.
    """

    path: str
    instruction: Instruction
    why: str
    volume: Instruction | None = None
    there: bool = True


def folders(stage: Stage, layout: Layout) -> list[Folder]:
    """The application's own folders, system ones left out, each once, by the first instruction that names it."""
    found: dict[str, Folder] = {}
    for one in _named(stage, layout):
        known = found.get(one.path)
        found[one.path] = (
            replace(known, volume=known.volume or one.volume, there=known.there or one.there) if known else one
        )
    return [one for one in found.values() if not is_system(one.path)]


def _named(stage: Stage, layout: Layout) -> Iterator[Folder]:
    workdir = layout.workdir_at(stage.final)
    if workdir is not None:
        at = next((one for s in reversed(stage.chain) for one in reversed(s.each("WORKDIR"))), stage.instruction)
        yield Folder(workdir, at, f"WORKDIR {workdir}")
    for placed in layout.placed:
        if placed.stage is None and placed.target is not None and placed.folder is not False:
            yield Folder(placed.target, placed.instruction, f"{placed.instruction.keyword} into {placed.target}")
    for one in stage.chain:
        for volume in one.each("VOLUME"):
            for value in one.values(volume):
                if value.known and value.text.startswith("/"):
                    path = posixpath.normpath(value.text)
                    yield Folder(path, volume, f"VOLUME {path}", volume, there=False)
        for run in one.each("RUN"):
            for command in run.shell.commands if not run.json else ():
                for path in made(command, layout.workdir_at(one.before(run)), run.shell):
                    yield Folder(path, run, f"mkdir {path}")
    for name, value in stage.env.items():
        path = value.text
        if _FOLDER_NAME.search(name) and path.startswith("/") and value.known and "." not in posixpath.basename(path):
            at = next((i for s in reversed(stage.chain) for i in s.each("ENV") if name in i.logical), stage.instruction)
            yield Folder(posixpath.normpath(path), at, f"ENV {name}={path}", there=False)


def made(command: Command, workdir: str | None, script: Script) -> Iterator[str]:
    """The folders that a mkdir or `install -d` makes, as absolute paths."""
    if command.name not in ("mkdir", "install"):
        return
    words = [word.value for word in command.arguments]
    if command.name == "install" and "-d" not in words and "--directory" not in words:
        return
    moved = any(one.name in ("cd", "pushd") and one.span.start < command.span.start for one in script.commands)
    skip = False
    for word in words:
        if skip or word is None or word.startswith("-"):
            skip = word in ("-m", "-o", "-g", "--mode", "--owner", "--group") and not skip
        elif word.startswith("/"):
            yield posixpath.normpath(word)
        elif workdir is not None and not moved:
            yield posixpath.normpath(posixpath.join(workdir, word))


class Effect(NamedTuple):
    """What a RUN may leave in a folder: nothing, packages in folders of their own, or anything at all."""

    kind: Literal["nothing", "packages", "anything"]
    packages: tuple[str, ...] = ()


_NOTHING, _ANYTHING = Effect("nothing"), Effect("anything")


def effect(run: Instruction, folder: str, workdir: str | None) -> Effect:
    """What a RUN may leave in a folder. Unless it can be ruled out, that is anything."""
    if run.json or run.heredocs or run.shell.refusal:
        return _ANYTHING
    inside = workdir is None or within(workdir, folder) or (workdir != "/" and within(folder, workdir))
    packages: list[str] = []
    for command in run.shell.commands:
        name = posixpath.basename(command.name or "")
        raw = " ".join(word.raw for word in command.words)
        if name in ("cd", "pushd"):
            inside = inside or folder in raw or not all(word.literal for word in command.words)
        redirected = [one.target.value for one in command.redirects if ">" in one.operator and "&" not in one.operator]
        if any(one is None or within(one, folder) or (inside and not one.startswith("/")) for one in redirected):
            return _ANYTHING
        if command.words and not _elsewhere(command, name, raw, inside or folder in raw):
            if name in _CACHE_CLEANERS and [word.value for word in command.arguments][:2] == ["cache", "clean"]:
                continue
            installed = _INSTALLERS.get(name)
            arguments = [word.value for word in command.arguments if not word.raw.startswith("-")]
            if (
                installed is None
                or workdir is None
                or len(arguments) > 1
                or not set(arguments) <= {"ci", "install", "i"}
            ):
                return _ANYTHING
            packages.append(posixpath.join(workdir, installed))
    return Effect("packages", tuple(dict.fromkeys(packages))) if packages else _NOTHING


def _elsewhere(command: Command, name: str, raw: str, near: bool) -> bool:
    """Whether a command leaves alone a folder that is its own, or that it names, when `near`."""
    if not name:
        return False
    if name in _PIP or (name.startswith("python") and "pip" in raw.split()):
        return not any(word.value is None or word.value.split("=")[0] in _PIP_INTO for word in command.arguments)
    if name in _RUNS_CODE:
        return not near or all((word.value or "").startswith("-") for word in command.arguments)
    return name in _ELSEWHERE or (not near and all(word.literal for word in command.words))
