"""Python: what pip, Poetry or uv install goes over as one environment, to the slim image of the same minor version."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import within
from hardenfile.evidence.reference import ImageReference

from ..owners import ROOT
from ..packages_read import read_installed
from ..packages_table import is_header, is_tool, libraries, release_of
from ..runtime import at, counterpart, the_base_itself
from ..split import Runtime, Split, Tree, Unfit
from ..steps import Role, Step, role
from ..survey import Survey, listed
from .distributions import Distributions, all_self_contained, compiling, read_distributions, sorted_out
from .environment import VENV, Environment, environment
from .installs import Found, read_installs
from .interpreter import check_interpreter
from .traces import Traces, absolute, absolute_at_start

_BASES = frozenset(("python", "debian", "ubuntu"))
# Debian's packages that install Python's packages, and nothing that runs.
_BUILD_ONLY = frozenset(
    "python3-pip python3-venv python3-virtualenv virtualenv python3-wheel pipenv python3-build python3-poetry".split()
)
_MANIFEST = re.compile(
    r"(?:[\w.*-]*requirements[\w.*-]*\.(?:txt|in)|constraints[\w.-]*\.txt|poetry\.lock|uv\.lock|Pipfile(?:\.lock)?)\Z"
)
_PROJECT = re.compile(
    r"(?:pyproject\.toml|poetry\.toml|setup\.(?:py|cfg)|\.python-version|README[\w.]*|MANIFEST\.in)\Z"
)
# Endings whose types Python itself does not know: /etc/mime.types, which a full image holds, tells them.
_ODD_TYPES = frozenset(".woff .woff2 .ttf .otf .eot .webp .avif .docx .xlsx .pptx .ogg .flac .epub .m4a".split())
_MINOR = re.compile(r"(\d+\.\d+)(?:\.\d+)?(?:[a-z]+\d+)?(?:-|\Z)")


def recognise(survey: Survey, same_family: bool) -> Split | None:
    """The conversion of a file that installs Python packages; None where it installs none. Raises Unfit."""
    if survey.name.rpartition("/")[2] not in _BASES:
        return None
    found, traces = read_installs(survey), Traces(survey)
    if not found.installs:
        return None
    image = survey.name.rpartition("/")[2] == "python"
    runtime = _runtime(survey, found) if image else the_base_itself(survey)
    minor = _minor(survey) if image else ""
    listed_by_file = read_distributions(survey, found.installs)
    check_interpreter(survey, found, minor)
    beside = _modules(survey) if not image else []
    where = environment(survey, found, "python" if image else "python3", minor, beside_system=bool(beside))
    sources = _in_place(survey, found, listed_by_file)
    claimed = frozenset(_claimed(survey, found, sources, traces))
    _check_start(survey, found, claimed)
    _check_gain(survey, found, runtime, claimed)
    if where.inserted:
        _check_paths(survey, claimed)
    packages, facts, doubts = _needs(survey, runtime, listed_by_file, traces)
    if not image:
        packages += _interpreter(survey, where, found)
    if where.inserted and traces.absolute:
        doubts.append(f"{traces.absolute}, which does not see the environment")
    if any(command.program in ("uv", "uvx") for command in survey.start.commands):
        doubts.append("uv looks at start whether the project has changed, and may install it again")
    trees = (*where.trees, *(Tree(path, path, f"the sources in {path} are used in place") for path in sources))
    return Split(
        "python",
        runtime,
        trees,
        claimed,
        edits=where.edits,
        settings=where.settings,
        intended=frozenset(("ENV PATH",)) if where.inserted else frozenset(),
        packages=tuple(packages),
        programs=_BUILD_ONLY,
        facts=tuple(facts),
        doubts=tuple(doubts),
    )


def _runtime(survey: Survey, found: Found) -> Runtime:
    """The slim image of the same version and release. Raises Unfit where there is none that is known."""
    at_first = found.installs[0].step.run
    if re.match(r"2(?:\D|\Z)", survey.tag):
        raise Unfit("artefact", "Python 2 cannot make an environment", at_first)
    if survey.base.family != "debian" or "slim" in survey.tag.split("-"):
        return the_base_itself(survey)
    if survey.tag == "latest":
        name = replace(survey.reference, tag="slim", digest=None).familiar
        return at(survey, name, f"{name} is the slim image of the same version as the newest one")
    if re.match(r"[\d.]+[a-z]", survey.tag):
        raise Unfit("no-runtime", f"which slim image belongs to {survey.stage.base.text} is not known")
    runtime = counterpart(survey)
    if "slim" not in runtime.text:
        raise Unfit("no-runtime", f"which slim image belongs to {survey.stage.base.text} is not known")
    return runtime


def _minor(survey: Survey) -> str:
    found = _MINOR.match(survey.tag)
    return found[1] if found else ""


def _in_place(survey: Survey, found: Found, listed_by_file: Distributions) -> list[str]:
    """The folders whose sources are used where they are. Raises Unfit for one that is more than the application."""
    folders = [folder for one in found.installs for folder in one.editable] + listed_by_file.editable
    for folder in folders:
        if folder.count("/") < 1 or folder in ("/", "", "/usr", "/usr/src", "/opt", "/home", "/root", "/srv", "/tmp"):
            at = found.installs[-1].step.run
            raise Unfit("artefact", f"an editable installation of {folder or 'a folder'} cannot be told apart", at)
    return [one for one in dict.fromkeys(folders) if not any(one != other and within(one, other) for other in folders)]


def _claimed(survey: Survey, found: Found, sources: list[str], traces: Traces) -> Iterator[Step | Instruction]:
    last = max((one.step.run for one in found.installs), key=lambda run: run.begin)
    for step in survey.steps:
        if step.run.begin > last.begin:
            break
        if step in found.helpers or step in found.tools or step in found.venvs.values():
            yield step
    yield from (one.step for one in found.installs)
    for copy in survey.copies():
        if copy.begin > last.begin:
            continue
        target = survey.layout.destination(survey.stage, copy)
        if (
            (_brings_uv(copy) and not _needs_uv(survey, last))
            or (target is not None and any(within(target, folder) for folder in sources))
            or (copy.flag("from") is None and _is_manifest(survey, copy, last, traces))
        ):
            yield copy


def _brings_uv(copy: Instruction) -> bool:
    source = copy.flag("from")
    return source is not None and "astral-sh/uv" in (source.value or "")


def _needs_uv(survey: Survey, last: Instruction) -> bool:
    """Whether uv itself is used when the container starts, or below the last installation."""
    starts = any(command.program in ("uv", "uvx") for command in survey.start.commands)
    return starts or any(step.name in ("uv", "uvx") and step.run.begin > last.begin for step in survey.steps)


def _is_manifest(survey: Survey, copy: Instruction, last: Instruction, traces: Traces) -> bool:
    """Whether an instruction copies nothing but lists of requirements, or what a later one copies once more."""
    own = [one for one in survey.layout.placed if one.instruction is copy]
    if not own or any(one.source is None or one.target is None for one in own):
        return False
    names = [posixpath.basename(one.source or "") for one in own]
    if all(_MANIFEST.match(name) for name in names):
        below = [one.logical for one in survey.stage.instructions if one.begin > last.begin]
        words = [word for command in survey.start.commands for word in command.words if word]
        named = any(name in text for name in names for text in [*below, *words])
        return not named and not traces.lists
    later = [one for one in survey.layout.placed if one.instruction.begin > last.begin and one.folder]
    return all(_MANIFEST.match(name) or _PROJECT.match(name) for name in names) and all(
        any(_again(one.source or "", one.target or "", other.source, other.target) for other in later) for one in own
    )


def _again(source: str, target: str, folder: str | None, place: str | None) -> bool:
    if folder is None or place is None or not (folder == "" or within(source, folder)):
        return False
    return posixpath.join(place, posixpath.relpath(source, folder or ".")) == target


def _check_start(survey: Survey, found: Found, claimed: frozenset[Step | Instruction]) -> None:
    """Raise Unfit where a tool that only the build stage has is used in the final one."""
    kept = any(_brings_uv(copy) and copy not in claimed for copy in survey.copies())
    for command in survey.start.commands:
        if command.program in ("poetry", "pipenv") or (command.program in ("uv", "uvx") and not kept):
            message = f"{command.where} starts {command.program}, which only the build stage would have"
            raise Unfit("missing-program", message, survey.start.at)
        words = command.words
        if "install" in words and ((command.program or "").startswith("pip") or words[1:3] == ("-m", "pip")):
            raise Unfit("builds-at-start", f"{command.where} installs packages when it runs", survey.start.at)
    last = survey.last(claimed)
    for step in survey.steps:
        if step.run.begin > last.begin and step.name in ("poetry", "pipenv", "uv") and not (kept and step.name == "uv"):
            raise Unfit("missing-program", f"line {step.run.first_line} runs {step.name} in the final stage", step.run)


def _check_gain(survey: Survey, found: Found, runtime: Runtime, claimed: frozenset[Step | Instruction]) -> None:
    """Raise Unfit where the build leaves nothing behind."""
    if runtime.text != survey.stage.base_word.text:
        return
    tools = {one.tool.partition("-")[0] for one in found.installs} & {"poetry", "uv", "pipenv"}
    if tools and (found.tools or any(isinstance(one, Instruction) and _brings_uv(one) for one in claimed)):
        return
    installed = read_installed(_package_steps(survey, claimed))
    if any(is_tool(name) or is_header(name) for name in installed.packages) or installed.groups:
        return
    raise Unfit("nothing-gained", "it leaves no compiler, header or tool behind that a build stage could keep")


def _package_steps(survey: Survey, claimed: frozenset[Step | Instruction]) -> list[Step]:
    last = survey.last(claimed)
    return [step for step in survey.steps if role(step) is Role.PACKAGES and step.run.begin <= last.begin]


def _check_paths(survey: Survey, claimed: frozenset[Step | Instruction]) -> None:
    """Raise Unfit where something names a place that pip fills only without an environment."""
    path = absolute_at_start(survey)
    if path:
        message = f"{path} is named when it starts, and in the environment it would be below {VENV}"
        raise Unfit("missing-program", message, survey.start.at)
    last = survey.last(claimed)
    for step in survey.steps:
        setting = survey.stage.before(step.run).user
        root = setting is None or setting.value.text in ROOT
        if step.run.begin > last.begin and not root and {"spacy", "download"} <= set(step.words):
            message = f"`{step.text[:60]}` installs a package as a user, who may not change the environment"
            raise Unfit("artefact", message, step.run)
    commands = [(step.run, step.text) for step in survey.steps if step not in claimed]
    for one, text in [*commands, *((copy, copy.logical) for copy in survey.copies())]:
        path = absolute(text, survey) if one.keyword == "RUN" else ""
        if path or "site-packages" in text:
            raise Unfit("artefact", f"it works on {path or 'site-packages'}, which an environment replaces", one)


def _needs(
    survey: Survey, runtime: Runtime, found: Distributions, traces: Traces
) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    """The packages that the distributions need of the system, facts, and doubts."""
    smaller = runtime.text != survey.stage.base_word.text
    packages: list[tuple[str, str]] = []
    doubts = [f"{name} compiles when it runs, and the compiler stays behind" for name in compiling(found)]
    if traces.compiles:
        doubts.append(f"{traces.compiles} runs a compiler or looks a library up, and the compiler stays behind")
    lists = [one for one in found.unseen if smaller or not one.startswith("the requirements of")]
    if lists:
        doubts.append(f"what {listed(lists)} installs was not seen, nor what it needs of the system")
    if not smaller:
        if runtime.image.family in ("debian", "ubuntu") and not all_self_contained(found):
            packages.append(("libgomp1", "extensions that are compiled with OpenMP load it"))
        return packages, ["what is installed finds the libraries that the build had"], doubts
    headers, programs, unknown = sorted_out(found)
    for name, package in headers.items():
        packages += [(library, f"{name} loads it") for library in _libraries(survey, runtime, name, package)]
    for name, what in programs.items():
        if not any(what == word for step in survey.runs("apt-get", "apt") for word in step.arguments):
            doubts.append(f"{name} needs {what}, which {runtime.text} may not have")
    if unknown:
        doubts.append(
            f"what the system has to give {listed(unknown)} is not known, and {runtime.text} has few libraries"
        )
    if traces.programs:
        doubts.append(f"{traces.programs} runs programs or loads libraries by name, which {runtime.text} may not have")
    if traces.look:
        doubts.append(f"{traces.look} asks for fonts or windows, which {runtime.text} does not have")
    odd = next((path for path, _ in survey.files if posixpath.splitext(path)[1].lower() in _ODD_TYPES), "")
    if traces.types or odd:
        package = "mime-support" if survey.codename in ("buster", "stretch") else "media-types"
        packages.append((package, f"Python reads the types of files from it ({traces.types or odd})"))
    facts = [f"{runtime.text} has the same Python at the same place"]
    if not (unknown or found.unseen or programs):
        facts.append(f"the distributions that are named ({len(found.names)}) need no other library of the full image")
    return packages, facts, doubts


def _libraries(survey: Survey, runtime: Runtime, name: str, package: str) -> tuple[str, ...]:
    if not is_header(package):
        return (package,)
    reference = ImageReference.parse(survey.stage.base.text)
    release = release_of(reference, runtime.image.family) if reference is not None else ""
    found = libraries(package, runtime.image.family, release)
    if found is None:
        raise Unfit("packages", f"which library of {runtime.text} {name} loads is not known")
    return found


def _modules(survey: Survey) -> list[str]:
    """The distribution's packages of Python modules, which the application may import."""
    names = [word.partition("=")[0] for step in survey.runs("apt-get", "apt") for word in step.arguments if word]
    tools = _BUILD_ONLY | {"python3-dev", "python3-setuptools", "python3-minimal", "python3-distutils", "python3-full"}
    return [name for name in names if re.match(r"python3-|python-", name) and name not in tools]


def _interpreter(survey: Survey, where: Environment, found: Found) -> list[tuple[str, str]]:
    """The distribution's interpreter, which other packages may only have brought along."""
    names = {word for step in survey.runs("apt-get", "apt") for word in step.arguments if word}
    if where.inserted and not names & {"python3-venv", "python3-full"}:
        at = found.installs[0].step.run
        raise Unfit("missing-program", "python3-venv, which makes environments, is not installed", at)
    if not names & {"python3", "python3-full", "python3-pip", "python3-venv", "python3-dev"}:
        raise Unfit("missing-program", "which interpreter runs it is not known", found.installs[0].step.run)
    return [] if "python3" in names else [("python3", "it runs the application")]
