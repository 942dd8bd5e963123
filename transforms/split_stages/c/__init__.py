"""C and C++: the program that one literal line of the compiler links, where it is static or its libraries are known."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hardenfile.dockerfile import Instruction
from hardenfile.evidence.paths import within

from ..compiled import cached, check_split, feeding, filled, kept_workdir, made, needs_shell, spelled
from ..contract import own_environment
from ..needed import left_behind, named_files
from ..runtime import at, distribution, the_base_itself
from ..split import Runtime, Split, Tree, Unfit
from ..steps import Step
from ..survey import Survey

_SEARCHED = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_PLAIN = frozenset(("ubuntu", "alpine", "debian"))
_COMPILERS = frozenset("gcc g++ cc c++ clang clang++".split())
_PLUS = frozenset(("g++", "c++", "clang++"))
_STATIC = "gcr.io/distroless/static-debian12"
_SOURCES = frozenset((".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".s", ".S"))
_BUILT_IN = frozenset("Makefile makefile GNUmakefile CMakeLists.txt meson.build configure.ac Makefile.am".split())
# Parts of the C library itself.
_OF_LIBC = frozenset("m c pthread rt dl util".split())
_TAKES_VALUE = frozenset("-o -I -L -l -D -U -include -isystem -x -Xlinker -MF -MT -MQ -u -T -e".split())
# What a static program of glibc asks of libraries that it loads all the same.
_LOADS = re.compile(
    r"\b(?:getaddrinfo|gethostby\w+|getpw\w+|getgr\w+|getserv\w+|getproto\w+|getnetby\w+|iconv_open|dlopen|initgroups)\s*\("
)
_STARTS = re.compile(r"(?<![\w.>:])(?:system|popen|execl[pe]?|execv[pe]*|posix_spawnp?)\s*\(")
_READ = 1_000_000  # bytes of a source file that are read at most


@dataclass(frozen=True, slots=True)
class Link:
    """One line that links a program. `libraries` are those that it names by -l."""

    step: Step
    path: str
    static: bool
    plus: bool
    libraries: tuple[str, ...]


def recognise(survey: Survey, same_family: bool) -> Split | None:
    """The conversion of a file that compiles a program by literal lines; None where none is. Raises Unfit."""
    steps = [step for step in survey.steps if step.name in _COMPILERS and _compiles(step)]
    if not steps:
        return None  # what make links its programs against, and where it puts them, is not known
    links = [link for step in steps if (link := _link(step)) is not None]
    link, steps_behind, path, target = _started(survey, links)
    claimed = frozenset((*_claimed(survey, link), *steps_behind))
    doubts = list(_doubts(survey, claimed, link))
    runtime = _runtime(survey, link, claimed, same_family=same_family)
    named = named_files(survey, _SOURCES, filled(survey, claimed), _BUILT_IN)
    line = link.step.run.first_line
    shared = "libstdc++ and libc" if link.plus else "libc alone"
    facts = (f"line {line} links it {'statically' if link.static else f'against {shared}'}",)
    program = Tree(path, target, f"{path} is what line {line} builds and what starts", built=True)
    split = Split(
        "c",
        runtime,
        (program, *named.trees),
        claimed,
        settings=kept_workdir(survey, runtime),
        intended=own_environment(survey.stage, survey.base, runtime.image) | {"CMD"},
        facts=facts,
        doubts=(*doubts, *left_behind(named)),
    )
    check_split(survey, split)
    return split


def _compiles(step: Step) -> bool:
    return any(word is None or posixpath.splitext(word)[1] in (*_SOURCES, ".o", ".a") for word in spelled(step)[1:])


def _link(step: Step) -> Link | None:
    """The program that a line makes; None for an object file. Raises Unfit where it cannot be told."""
    if step.cwd is None or not step.always:
        raise Unfit("unclear-step", "where, or whether, it is compiled cannot be told", step.run)
    output, static, libraries, option = "a.out", False, [], ""
    for word in spelled(step)[1:]:
        if word is None:
            raise Unfit("artefact", f"`{step.text[:60]}`: an argument is only known in the build", step.run)
        if option:
            if option == "-o":
                output = word
            elif option == "-l":
                libraries.append(word)
            option = ""
        elif word in ("-c", "-S", "-E", "-shared", "-r"):
            return None
        elif word in _TAKES_VALUE:
            option = word
        elif word.startswith("-o"):
            output = word[2:]
        elif word.startswith("-l"):
            libraries.append(word[2:])
        elif word in ("-static", "-static-pie", "--static"):
            static = True
        elif word.startswith(("-Wl,", "-fsanitize", "-fopenmp", "-pg", "--coverage", "-fuse-ld", "@")):
            raise Unfit("artefact", f"what {word} makes the program need is not known", step.run)
        elif word.endswith((".so", ".a")) or ".so." in word:
            raise Unfit("artefact", f"what the library {word} needs is not known", step.run)
    path = step.path(output)
    if path is None:
        raise Unfit("artefact", "where the program lands is not known", step.run)
    return Link(step, path, static, step.name in _PLUS, tuple(libraries))


def _started(survey: Survey, links: list[Link]) -> tuple[Link, tuple[Step, ...], str, str]:
    """What links the program that starts, what copies it, where it is, where it goes."""
    for command in reversed(survey.start.commands):
        word = command.words[0] if command.words else None
        if word is None:
            continue
        if "/" in word:
            places = [posixpath.normpath(posixpath.join(survey.workdir, word))]
        else:
            places = [f"{folder}/{word}" for folder in _SEARCHED]
        for place in places:
            path = place
            steps: list[Step] = []
            while (maker := made(survey, path)) is not None and len(steps) < 4:
                steps.append(maker.step)
                path = maker.source
            for link in reversed(links):
                if link.path == path:
                    if cached(link.step, path) and not steps:
                        raise Unfit("artefact", f"{path} lies in a cache, and in no image", link.step.run)
                    return link, tuple(steps), place, place
    shown = " or ".join(one.path for one in links) or "no program"
    raise Unfit("artefact", f"it links {shown}, and what starts is not that", survey.start.at)


def _claimed(survey: Survey, link: Link) -> Iterator[Step | Instruction]:
    last = link.step.run
    folders = [link.step.cwd] if link.step.cwd not in (None, "/") else []
    for step in survey.steps:
        if step.run.begin <= last.begin and step.name in (*_COMPILERS, "strip", "ar", "ranlib"):
            yield step
            folders += [step.cwd] if step.cwd not in (None, "/") else []
    sources = [posixpath.dirname(path) for path, _ in survey.files if posixpath.splitext(path)[1] in _SOURCES]
    yield from feeding(survey, [folder for folder in (*folders, *sources) if folder and folder != "/"], last)


def _runtime(survey: Survey, link: Link, claimed: frozenset[Step | Instruction], *, same_family: bool) -> Runtime:
    """The image that the program runs on. Raises Unfit where a library of it is not known to be there."""
    if link.static:
        if not same_family and not needs_shell(survey, claimed, ()):
            return at(survey, _STATIC, f"a static program needs no C library: {_STATIC} holds none", static=True)
        return the_base_itself(survey) if survey.name.rpartition("/")[2] in _PLAIN else distribution(survey)
    unknown = [name for name in link.libraries if name not in _OF_LIBC]
    if unknown:
        raise Unfit("artefact", f"it links against {', '.join(unknown)}, whose package is not known", link.step.run)
    own = survey.name.rpartition("/")[2] == "gcc"
    if own and link.plus:
        message = f"{survey.stage.base.text} brings a newer libstdc++ than its distribution has"
        raise Unfit("other-libc", message, link.step.run)
    if survey.base.family == "alpine" and link.plus:
        raise Unfit("artefact", "Alpine has libstdc++ in a package of its own", link.step.run)
    if survey.name.rpartition("/")[2] in ("ubuntu", "alpine") or (not own and not survey.codename):
        return the_base_itself(survey)
    return distribution(survey)


def _doubts(survey: Survey, claimed: frozenset[Step | Instruction], link: Link) -> Iterator[str]:
    folders = filled(survey, claimed)
    for path, entry in survey.files:
        if posixpath.splitext(path)[1] not in _SOURCES or not any(within(path, folder) for folder in folders):
            continue
        text = (survey.context.read(entry.path, _READ) or b"").decode("utf-8", "replace")
        where = survey.layout.source_of(path)
        if link.static and survey.base.libc == "glibc" and (found := _LOADS.search(text)):
            yield f"{where} calls {found[0].rstrip('( ')}, for which even a static program of glibc loads libraries"
        elif not link.static and re.search(r"\bdlopen\s*\(", text):
            yield f"{where} loads libraries when it runs"
        if _STARTS.search(text):
            yield f"{where} starts other programs, which the final image may not have"
