"""Node servers: the application with the packages that it needs, on the slim variant of the image."""

import re
from collections.abc import Iterator

from ..contract import own_environment
from ..runtime import at, the_base_itself
from ..split import Runtime, Split, Unfit
from ..steps import Role, Step, role
from ..survey import Survey, listed
from .application import application, claimed_steps, folder_of_application, trees
from .develop import Development, decide
from .folders import given_away
from .leaves import outside
from .managers import folder_of, installs
from .programs import check_started, repeated
from .project import Project, read_project
from .sources import Sources, read_sources
from .system import Wanted, check_browsers, starts_programs, wanted

# Packages of Debian and Alpine that only a build has a use for.
_BUILD_ONLY = re.compile(
    r"build-base|build-essential|make|cmake|gcc|g\+\+|clang|python[\d.]*|py3-pip|\S+-dev|git|autoconf|automake|libtool|nasm"
    r"|pkg-?conf(?:ig)?|linux-headers|node-gyp"
)


def recognise(survey: Survey, same_family: bool) -> Split | None:
    """The conversion of a file that installs a Node application; None for a file of another stack. Raises Unfit."""
    tools = application(survey)
    installing = [step for step in tools if installs(step)]
    if survey.base.name != "node" or not installing:
        return None
    folder = folder_of_application(survey, tools)
    projects = [read_project(survey, one) for one in dict.fromkeys(_folders(installing))]
    check_started(survey)
    claimed = claimed_steps(survey, folder, tools)
    last = survey.last(claimed)
    if not any(one.keyword in ("CMD", "ENTRYPOINT") for one in survey.stage.instructions):
        raise Unfit("no-command", "it starts nothing but Node's prompt")
    sources = read_sources(survey, folder)
    own = tuple(step for step in tools if step in claimed)
    develop = decide(survey, projects[0], sources, own, last) if len(projects) == 1 else Development()
    for project in projects:
        check_browsers(_names(project, develop))
    runtime = the_base_itself(survey) if same_family else slim(survey)
    same = runtime.text == survey.stage.base_word.text
    installed = [step for step in survey.steps if role(step) is Role.PACKAGES and step.run.begin <= last.begin]
    if same and not develop.gained and not _build_packages(installed):
        raise Unfit("nothing-gained", "the image holds neither a compiler nor devDependencies that could be left out")
    again, removed = repeated(survey, tools, last)
    needs = [_wanted(project, develop, same=same) for project in projects]
    doubts = [*outside(survey, folder, own, projects), *_fonts(projects, sources, same=same)]
    if not same or installed:
        doubts += [*sources.doubts(), *(doubt for one in needs for doubt in one.doubts)]
    return Split(
        "node",
        runtime,
        trees(survey, folder, projects, claimed, alone=not develop.gained or all(installs(one) for one in own)),
        frozenset(claimed),
        edits=(*develop.edits, *removed),
        settings=(*again, *given_away(survey, folder, last)),
        intended=own_environment(survey.stage, survey.base, runtime.image),
        packages=tuple(dict.fromkeys(package for one in needs for package in one.packages)),
        programs=_of_the_build(survey, projects, sources),
        facts=(*([develop.why] if develop.why else []), *(fact for one in needs for fact in one.facts)),
        doubts=tuple(dict.fromkeys(doubts)),
    )


def _folders(steps: list[Step]) -> Iterator[str]:
    for step in steps:
        folder = folder_of(step)
        if folder is not None:
            yield folder


def slim(survey: Survey) -> Runtime:
    """The slim variant of the very tag, which Node's images have for each; a slim image itself."""
    if survey.base.family == "alpine" or "slim" in survey.tag.split("-"):
        return the_base_itself(survey)
    if survey.base.family != "debian":
        raise Unfit("no-runtime", f"{survey.stage.base.text} is neither Debian's nor Alpine's")
    name = survey.stage.base_word.text.partition("@")[0]
    if survey.variable_base:
        found = re.search(r":\$\{?\w+\}?(-[a-z]+)?\Z", name)
        if found is None or not re.fullmatch(r"\d[\d.]*", survey.tag.removesuffix(found[1] or "")):
            raise Unfit("variable-base", f"{name}: a build argument chooses more of the image than its version")
    slim = f"{name}-slim"
    if survey.reference.tag in (None, "latest"):
        slim = f"{name.removesuffix(':latest')}:slim"
    return at(survey, slim, f"{slim} has the Node and the C library of {name}, without compilers, git and headers")


def _names(project: Project, develop: Development) -> frozenset[str]:
    listed_ = {one.name for one in project.packages}
    return project.production if develop.out else frozenset(project.production | project.development | listed_)


def _wanted(project: Project, develop: Development, *, same: bool) -> Wanted:
    """What packages ask of the system; nothing where the system stays."""
    if same:
        return Wanted()
    return wanted(_names(project, develop), project.installed(development=not develop.out), project.lock)


def _fonts(projects: list[Project], sources: Sources, *, same: bool) -> Iterator[str]:
    drawing = {"sharp", "canvas", "@napi-rs/canvas", "skia-canvas", "svg2img", "chartjs-node-canvas"}
    found = sorted(drawing & {name for project in projects for name in project.production})
    if found and not same and sources.drawn():
        yield f"{sources.drawn()} draws text by {listed(found)}, and the final image has no fonts"


def _of_the_build(survey: Survey, projects: list[Project], sources: Sources) -> frozenset[str]:
    """The packages of the programs that node-gyp runs, where nothing of the application is seen to start one."""
    text = " ".join(word for command in survey.start.commands for word in command.words if word)
    check = survey.stage.final.healthcheck
    seen = text + (check.value if check is not None else "")
    starting = {name for project in projects for name in project.production if starts_programs(name)}
    if (
        sources.starting
        or starting
        or not sources.whole
        or survey.start.scripts
        or re.search(r"\bpython|\bgit\b", seen)
    ):
        return frozenset()
    return frozenset("python python2 python3 python-is-python3 python3-minimal py3-pip python3-pip git".split())


def _build_packages(installed: list[Step]) -> bool:
    """Whether one of the installations brings what only a build needs, and leaves it there."""
    undone = {step.run.begin for step in installed if {"del", "purge", "remove", "autoremove"} & set(step.words)}
    return any(
        word is not None and _BUILD_ONLY.fullmatch(word.partition("=")[0])
        for step in installed
        if step.run.begin not in undone
        for word in step.arguments
    )
