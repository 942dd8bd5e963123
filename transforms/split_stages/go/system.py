"""What a Go program's final image has to have of a system: a shell, folders, certificates, time zones, packages."""

import posixpath
import re
from collections.abc import Collection, Iterator

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import is_system, within

from ..node.folders import given_away
from ..owners import ROOT
from ..packages import runtime_packages
from ..search import search_path
from ..setup import named_paths
from ..split import Runtime, Split, Tree, Unfit
from ..steps import Role, Step, role
from ..survey import Survey
from .artefact import Binary
from .sources import Sources, modules
from .workshop import Workshop, is_setup

_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_ZONES = "/usr/local/go/lib/time/zoneinfo.zip"
# Packages of Go's own that know the time of a place.
_ASKS_ZONES = frozenset(("time", "log", "log/slog"))
# Programs that fetch modules, or work on the sources and the binary.
_FETCH = frozenset(
    "git git-lfs mercurial subversion bzr openssh openssh-client openssh-clients make upx upx-ucl binutils protobuf "
    "protobuf-dev protobuf-compiler protoc go golang golang-go".split()
)


def own_workdir(survey: Survey, claimed: Collection[Step | Instruction]) -> tuple[str, ...]:
    """The line that gives the working directory to its owner; nothing where it is root's, or a RUN gives it anyway."""
    user = survey.stage.final.user
    chowned = (path for step in survey.runs("chown") for path in named_paths(step))
    if user is None or user.value.text in ROOT or any(path and within(survey.workdir, path) for path in chowned):
        return ()
    return given_away(survey, survey.workdir, survey.last(claimed))


def fetching(survey: Survey, sources: Sources) -> frozenset[str]:
    """The packages that are there for the build alone: nothing that runs starts their programs."""
    started = {posixpath.basename(program or "") for _, program in sources.programs}
    started.update(command.program or "" for command in survey.start.commands)
    return frozenset(name for name in _FETCH if name.partition("-")[0] not in started)


def missing_packages(survey: Survey, split: Split) -> str:
    """Why an image without a package manager will not do; empty where it will."""
    last = survey.last(split.claimed)
    steps = [step for step, kind in survey.unclaimed(split.claimed) if kind is Role.PACKAGES]
    try:
        runtime_packages(survey, split, [step for step in steps if step.run.begin <= last.begin])
    except Unfit as unfit:
        line = unfit.at.first_line if unfit.at is not None else survey.stage.instruction.first_line
        return f"line {line} installs what the run may need" if unfit.reason == "no-shell" else ""
    return ""


def run_by(program: str, survey: Survey, shop: Workshop) -> str | None:
    """The binary that a word runs: by its path, or the first of that name on PATH."""
    if "/" in program:
        path = posixpath.normpath(posixpath.join(survey.workdir, program))
        return path if path in shop.binaries else None
    paths = (posixpath.join(folder, program) for folder in search_path(survey, survey.base))
    return next((path for path in paths if path in shop.binaries), None)


def needs_shell(survey: Survey, shop: Workshop, claimed: frozenset[Step | Instruction]) -> str:
    """Why the final stage needs a shell of its own: it has setup to repeat, or starts more than what is built."""
    for command in survey.start.commands:
        program = command.words[0] if command.words else None
        if program and run_by(program, survey, shop) is None:
            return f"{command.where} starts {program}"
    asked = _asked_of_system(survey, shop)
    if asked:
        return asked
    last = survey.last(claimed)
    for step in survey.steps:
        below = step.run.begin > last.begin
        if step in claimed or not (is_setup(step) or (below and role(step) is Role.NOTHING)):
            continue
        carried = not below and role(step) is Role.FILES and _carried(step, survey, shop)
        if not carried and (role(step) is not Role.PACKAGES or below):
            return f"line {step.run.first_line} sets up what the run needs"
    return ""


def _asked_of_system(survey: Survey, shop: Workshop) -> str:
    """What an image with nothing but certificates would answer in another way."""
    check = survey.stage.final.healthcheck
    if check is not None and check.json and len(check.args) > 1 and run_by(check.args[1], survey, shop) is None:
        return f"the HEALTHCHECK of line {check.first_line} starts {check.args[1]}"
    user = survey.stage.final.user
    name, _, group = user.value.text.partition(":") if user is not None else ("", "", "")
    if not (name in ("", "root", "nobody") or name.isdigit()) or not (group in ("", "root") or group.isdigit()):
        return f"the user {name} is the distribution's, or the file's own"
    if shop.sources.accounts:
        return "the program looks for accounts by their name"
    if shop.sources.serves and survey.base.family == "alpine":
        return "the program serves files, whose types Alpine and distroless tell in other ways"
    return ""


def types_of_files(survey: Survey, runtime: Runtime, sources: Sources) -> tuple[tuple[str, str], ...]:
    """Debian's list of the types of files, which a Go image has by way of Mercurial and Python."""
    if survey.name == "golang" and runtime.image.family == "debian" and sources.serves:
        return (("media-types", "the program serves files, whose types it looks up in /etc/mime.types"),)
    return ()


def _carried(step: Step, survey: Survey, shop: Workshop) -> bool:
    """Whether what a step makes or changes can come along with a tree that is copied: its mode, and names, cannot."""
    paths = named_paths(step)
    if None in step.arguments or None in paths or not paths or not step.always:
        return False
    if step.name in ("chmod", "chown", "chgrp") and all(path in shop.binaries for path in paths):
        return True
    if step.name == "chown":
        known = {*shop.made, *(path for other in survey.runs("mkdir") for path in named_paths(other))}
        numbers = re.fullmatch(r"\d+:\d+", step.arguments[0] or "") is not None
        return numbers and all(path in known for path in paths)
    if step.name not in ("mkdir", "touch") or any(word in ("-m", "--mode") for word in step.arguments):
        return False
    changed = {path for other in survey.runs("chmod") for path in named_paths(other)}
    return not any(path in changed or is_system(path or "/") for path in paths)


def folders_made(
    survey: Survey, shop: Workshop, claimed: frozenset[Step | Instruction]
) -> Iterator[tuple[Step, tuple[Tree, ...]]]:
    """The steps that make folders, with the trees that bring these to an image without a shell."""
    last = survey.last(claimed)
    there = {*shop.binaries, survey.workdir}
    for step in survey.steps:
        if step in claimed or step.run.begin > last.begin or not _carried(step, survey, shop):
            continue
        made = (path for path in named_paths(step) if path and not any(within(one, path) for one in there))
        why = f"is made in line {step.run.first_line}"
        trees = (Tree(path, path, f"{path} {why}", _given(path, survey)) for path in made)
        yield step, tuple(trees) if step.name != "chown" else ()


def _given(path: str, survey: Survey) -> str:
    """The numbers that a chown gives a folder to; empty for root's."""
    owners = [step.arguments[0] for step in survey.runs("chown") if path in named_paths(step)]
    return next((owner for owner in reversed(owners) if owner and owner != "0:0"), "")


def of_system(survey: Survey, shop: Workshop, runtime: Runtime, started: Binary, sources: Sources) -> Iterator[Tree]:
    """Certificates and time zones that a Go image has and the plain distribution has not."""
    others, _ = modules(survey)
    plain = survey.name == "golang" and runtime.image.family != "distroless"
    if shop.certificates:
        yield Tree(_BUNDLE, _BUNDLE, f"{_BUNDLE} holds certificates that the file adds")
    elif plain and runtime.image.family == "debian" and (others or sources.dials):
        yield Tree(_BUNDLE, _BUNDLE, f"{_BUNDLE}: {runtime.text} has no certificates")
    if plain and "-trimpath" not in started.call.flags and (others or sources.strings & _ASKS_ZONES):
        yield Tree(_ZONES, _ZONES, f"{_ZONES} has the time zones, where the binary looks for them")


def workdir(survey: Survey, runtime: Runtime) -> Iterator[str]:
    """The base image's own working directory, where the file sets none."""
    if survey.stage.final.workdir is None and survey.workdir != (runtime.image.workdir or "/"):
        yield f"WORKDIR {survey.workdir}"
