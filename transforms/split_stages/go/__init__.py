"""Go: the binary that `go build` writes and the start command runs, on distroless or a plain distribution."""

import posixpath
from collections.abc import Iterator, Sequence

from hardenfile.dockerfile import Instruction, Span
from hardenfile.evidence.paths import within
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import lines_before, replace

from ..contract import own_environment
from ..runtime import at, distribution, the_base_itself
from ..split import Runtime, Split, Tree, Unfit
from ..steps import Step
from ..survey import Survey
from .artefact import Binary, Call, calls, module_of
from .linking import Linking, default_release, read_linking
from .needs import read_needs
from .sources import read_sources
from .system import (
    fetching,
    folders_made,
    missing_packages,
    needs_shell,
    of_system,
    own_workdir,
    run_by,
    types_of_files,
    workdir,
)
from .workshop import REBUILD, Workshop

_STATIC = "gcr.io/distroless/static-debian12"
_CERTIFICATES = ("/usr/local/share/ca-certificates", "/usr/share/ca-certificates")
_OF_BUILD = frozenset((".go", ".mod", ".sum", ".work", ".c", ".h", ".s", ".proto", ".templ"))


def recognise(survey: Survey, same_family: bool) -> Split | None:
    """The conversion of a file that builds a Go program; None where none is built. Raises Unfit."""
    work = [call for call in calls(survey) if call.words[:1] in (("build",), ("install",))]
    if not work:
        return None
    found = _Found(survey, work)
    why = survey.shell_at_start or found.needs.shell or needs_shell(survey, found.shop, found.claimed)
    if found.own_workdir and not why:
        why = f"{survey.workdir} is not root's"
    split = found.split("the option runtime asks for it" if same_family and not why else why)
    if split.runtime.has_shell:
        return split
    missing = missing_packages(survey, split)
    return found.split(missing) if missing else split


class _Found:
    """What is known of the program, whichever image ships it."""

    def __init__(self, survey: Survey, work: Sequence[Call]) -> None:
        self.survey = survey
        self.sources = read_sources(survey)
        copies = tuple(_copies(survey, work))
        self.shop = Workshop(survey, self.sources, tuple(dict.fromkeys(_targets(survey, copies))))
        self.started = _started(survey, self.shop)
        if self.started.remote or module_of(self.started.call, survey) is None:
            raise Unfit("no-manifest", "no go.mod of what starts is in the context", self.started.call.step.run)
        self.needs = read_needs(survey, self.sources, self.shop)
        self.shipped = _shipped(survey, self.shop, self.started)
        built = [call for call in self.shop.calls if any(one.call is call for one in self.shipped)]
        self.release = _release(survey)
        self.linking = read_linking(survey, built, self.sources, known_release=isinstance(self.release, Runtime))
        self.claimed: frozenset[Step | Instruction] = frozenset((*copies, *self.shop.claimed))

        self.own_workdir = own_workdir(survey, self.claimed)

    def split(self, why_shell: str) -> Split:
        """The conversion; with a distribution and its shell where there is a reason for one."""
        survey, linking = self.survey, self.linking
        runtime = _runtime(survey, linking, self.release, shell=bool(why_shell))
        carried = () if runtime.has_shell else tuple(folders_made(survey, self.shop, self.claimed))
        binaries = (Tree(one.path, one.path, _tell(one, self.started)) for one in self.shipped)
        folders = (tree for _, trees in carried for tree in trees)
        system = of_system(survey, self.shop, runtime, self.started, self.sources)
        return Split(
            "go",
            runtime,
            (*binaries, *self.needs.trees, *folders, *system),
            self.claimed | {step for step, _ in carried},
            edits=tuple(dict.fromkeys(_without_cgo(call) for call in linking.without_cgo)),
            settings=(*workdir(survey, runtime), *self.own_workdir),
            intended=own_environment(survey.stage, survey.base, runtime.image) | {"CMD"},
            facts=(*linking.facts, *([why_shell] if why_shell and linking.static else [])),
            doubts=(*linking.doubts, *self.needs.doubts),
            packages=types_of_files(survey, runtime, self.sources),
            programs=fetching(survey, self.sources),
        )


def _copies(survey: Survey, work: Sequence[Call]) -> Iterator[Instruction]:
    """The copies above the last build that feed it: into the folders where it works, or with sources in them."""
    last = max(call.step.run.begin for call in work)
    where = {call.cwd for call in calls(survey) if call.cwd is not None}
    modules = {posixpath.dirname(path) for path, _ in survey.files if path.endswith("/go.mod")}
    homes = {home for home in modules if any(within(cwd, home) for cwd in where)} | where
    feeding = {
        one.instruction.begin
        for one in survey.layout.placed
        if one.source is not None and _has_sources(survey, one.source, folder=bool(one.folder))
    }
    for one in survey.copies():
        target = survey.layout.destination(survey.stage, one)
        if one.begin > last or target is None:
            continue
        if one.begin in feeding or any(within(target, home) for home in homes) or target.startswith(_CERTIFICATES):
            yield one


def _has_sources(survey: Survey, source: str, *, folder: bool) -> bool:
    if not folder:
        return posixpath.splitext(source)[1] in _OF_BUILD
    return any(posixpath.splitext(entry.path)[1] in _OF_BUILD for entry in survey.context.walk(source))


def _targets(survey: Survey, copies: Sequence[Instruction]) -> Iterator[str]:
    """The folders that copies fill; of a single file its own folder."""
    begins = {one.begin for one in copies}
    for one in survey.layout.placed:
        if one.instruction.begin in begins and one.target is not None and not one.target.startswith(_CERTIFICATES):
            yield one.target if one.folder is not False else posixpath.dirname(one.target)


def _started(survey: Survey, shop: Workshop) -> Binary:
    """The binary that the start command runs. Raises Unfit where it runs none of them, or one that builds."""
    found = None
    for command in survey.start.commands:
        program = command.words[0] if command.words else None
        if program is None:
            continue
        name = posixpath.basename(program)
        names = {posixpath.basename(one.path) for one in shop.binaries.values() if one.remote}
        if name in REBUILD and name in names:
            raise Unfit("builds-at-start", f"{command.where} starts {name}, which builds when it runs", survey.start.at)
        path = run_by(program, survey, shop)
        found = shop.binaries[path] if path is not None else found
    if found is None:
        shown = " or ".join(sorted(shop.binaries)) or "nothing that stays"
        raise Unfit("artefact", f"it builds {shown}, and what starts is not that", survey.start.at)
    return found


def _shipped(survey: Survey, shop: Workshop, started: Binary) -> tuple[Binary, ...]:
    """What starts, and all else that the file builds of its own; programs of others where something starts them."""
    used = {path for command in survey.start.commands if (path := run_by(command.words[0] or " ", survey, shop))}
    others = (one for one in shop.binaries.values() if one.path != started.path)
    return (started, *(one for one in others if not one.remote or one.path in used))


def _tell(binary: Binary, started: Binary) -> str:
    what = "and what starts" if binary.path == started.path else "as well"
    return f"{binary.path} is what line {binary.line} builds {what}"


def _release(survey: Survey) -> Runtime | Unfit:
    """The plain image of the distribution, of the same release; else why there is none."""
    if survey.name in ("debian", "ubuntu", "alpine"):
        return the_base_itself(survey)
    release = default_release(survey) if not survey.codename else ""
    try:
        if release:
            return at(survey, f"debian:{release}-slim", f"golang:{survey.tag} is built on Debian {release}")
        return distribution(survey)
    except Unfit as unfit:
        return unfit


def _runtime(survey: Survey, linking: Linking, release: Runtime | Unfit, *, shell: bool) -> Runtime:
    """Distroless for a static binary that needs nothing else; else the plain distribution."""
    if linking.static and not shell:
        return at(
            survey,
            _STATIC,
            f"a static binary needs no C library; {_STATIC} has certificates and time zones",
            static=True,
        )
    if isinstance(release, Runtime):
        return release
    if not linking.static or release.reason != "unknown-libc" or survey.name != "golang":
        raise release
    text = "alpine:3" if survey.base.family == "alpine" else "debian:trixie-slim"
    return at(survey, text, f"a static binary runs on every release: {text} brings the shell", static=True)


def _without_cgo(call: Call) -> Edit:
    """`CGO_ENABLED=0` for the command; for all below it where that is no line of the RUN itself."""
    run, command = call.step.run, call.step.command
    if command is None or run.heredocs:
        return lines_before(run, ["ENV CGO_ENABLED=0"])
    start = len(run.logical) - len(run.value) + command.span.start
    return replace(run, Span(start, start), "CGO_ENABLED=0 ")
