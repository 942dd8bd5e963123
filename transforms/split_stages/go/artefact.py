"""What a Go build leaves where: the binaries of `go build` and `go install`, moved and renamed as the file does it."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hardenfile.evidence.paths import is_known_folder, within
from hardenfile.evidence.wrappers import handed_on

from ..split import Unfit
from ..steps import Step
from ..survey import Survey
from .sources import Sources

_TAKES_VALUE = frozenset(
    "-o -p -asmflags -buildmode -buildvcs -compiler -gccgoflags -gcflags -installsuffix -ldflags -mod -modfile "
    "-overlay -pkgdir -tags -toolexec -C -pgo -exec -covermode -coverpkg -json".split()
)
_FOLDERS = frozenset(("/go", "/go/bin", "/go/src", "/go/pkg", "/usr/local/go", "/usr/local/go/bin"))


@dataclass(frozen=True, slots=True)
class Call:
    """One call of `go`, wrappers gone: `words` from the subcommand on, `env` what is assigned for it alone."""

    step: Step
    words: tuple[str | None, ...]
    env: dict[str, str]
    cwd: str | None

    @property
    def flags(self) -> dict[str, str | None]:
        """The flags of the subcommand with their values; None where only the shell knows the value."""
        return dict(self._read()[0])

    @property
    def packages(self) -> list[str | None]:
        return self._read()[1]

    def _read(self) -> tuple[list[tuple[str, str | None]], list[str | None]]:
        flags: list[tuple[str, str | None]] = []
        packages: list[str | None] = []
        name = ""
        for word in self.words[1:]:
            if name:
                flags.append((name, word))
                name = ""
            elif word is not None and word.startswith("-") and len(word) > 1 and not packages:
                given, equals, value = word.partition("=")
                given = "-" + given.lstrip("-")
                if not equals and given in _TAKES_VALUE and given != "-json":
                    name = given
                else:
                    flags.append((given, value))
            elif word is None and not packages and self._is_flag(word):
                continue
            else:
                packages.append(word)
        return flags, packages

    def _is_flag(self, word: str | None) -> bool:
        """Whether the first word that only the shell knows is written as a flag, `-ldflags="-X $REV"`."""
        assert self.step.command is not None
        unknown = next((one for one in self.step.command.words if one.value is None), None)
        return unknown is not None and unknown.joined.startswith("-")


@dataclass(frozen=True, slots=True)
class Binary:
    """A program that the build leaves at a path; `package` is what it is built of, `remote`: another's module."""

    path: str
    call: Call
    package: str = ""
    remote: bool = False

    @property
    def line(self) -> int:
        return self.call.step.run.first_line


def calls(survey: Survey) -> Iterator[Call]:
    """Every call of Go's own program."""
    for step in survey.steps:
        call = go_call(step)
        if call is not None:
            yield call


def go_call(step: Step) -> Call | None:
    """A step as a call of `go`; None where it is none."""
    words: tuple[str | None, ...] = step.words
    env = dict(_assigned(step))
    for _ in range(3):
        if not words or words[0] is None:
            return None
        if posixpath.basename(words[0]) == "go":
            break
        inner = handed_on(words)
        if inner is None:
            return None
        if posixpath.basename(words[0]) == "env":
            given = (word.partition("=") for word in words[1 : len(words) - len(inner)] if word and "=" in word)
            env.update((name, value) for name, _, value in given)
        words = tuple(inner)
    else:
        return None
    cwd, rest = step.cwd, words[1:]
    if len(rest) > 1 and rest[1] is not None and rest[1].startswith("-C"):
        folder = rest[1].removeprefix("-C").removeprefix("=") or (rest[2] if len(rest) > 2 else None)
        cwd = posixpath.normpath(posixpath.join(cwd, folder)) if cwd is not None and folder else None
        rest = (rest[0], *rest[3 if rest[1] == "-C" else 2 :])
    return Call(step, rest, env, cwd) if rest else None


def _assigned(step: Step) -> Iterator[tuple[str, str]]:
    for word in step.command.assignments if step.command is not None else ():
        name, _, value = word.joined.partition("=")
        yield name, value.strip("\"'")


class Folders:
    """Which paths are folders when a command runs, as far as the file tells."""

    def __init__(self, survey: Survey) -> None:
        self._known = {path.rpartition("/")[0] for path, _ in survey.files}
        for one in survey.stage.instructions:
            if one.keyword == "WORKDIR":
                path = survey.layout.absolute(survey.stage.values(one)[0].text, survey.stage, one) if one.args else None
                self._known.update([path] if path is not None else [])
        for step in survey.steps:
            if step.name == "mkdir" or (step.name == "install" and "-d" in step.words):
                self._known.update(step.path(word) or "" for word in step.arguments if word and word[0] != "-")
        for path in tuple(self._known):
            while path and path != "/":
                path = posixpath.dirname(path)
                self._known.add(path)

    def __contains__(self, path: str) -> bool:
        return path in self._known or path in _FOLDERS or is_known_folder(path)


def built(call: Call, survey: Survey, sources: Sources, folders: Folders) -> Iterator[Binary]:
    """The binaries that `go build` or `go install` leaves. Raises Unfit where that cannot be told."""
    step = call.step
    if call.cwd is None or not step.always:
        raise Unfit("unclear-step", "where, or whether, it is built cannot be told", step.run)
    flags = call.flags
    mode = flags.get("-buildmode", "default")
    if mode not in ("default", "exe", "pie") or "-linkshared" in flags or flags.get("-compiler", "gc") != "gc":
        raise Unfit("artefact", "it builds a library, or links to one of Go's", step.run)
    if call.words[0] == "install":
        folder = _setting(call, survey, "GOBIN") or posixpath.join(gopath(call, survey), "bin")
        for name, package, remote in _names(call, survey, sources):
            yield _kept(Binary(posixpath.join(folder, name), call, package, remote))
        return
    output = flags.get("-o", "")
    if output is None:
        raise Unfit("artefact", "the name of the binary is only known in the build", step.run)
    path = posixpath.normpath(posixpath.join(call.cwd, output))
    if path == "/dev/null":
        return
    if output and not output.endswith("/") and path not in folders:
        yield _kept(Binary(path, call))
        return
    names = list(_names(call, survey, sources))
    if not output and len(names) > 1:
        return  # several packages, and no name for what they give: they are only checked
    for name, package, _ in names:
        yield _kept(Binary(posixpath.join(path, name), call, package))


def _kept(binary: Binary) -> Binary:
    """Raise Unfit for a binary that is written to a mount, which is no part of the image."""
    for mount in binary.call.step.mounts:
        settings = dict(one.partition("=")[::2] for one in mount.split(","))
        target = settings.get("target") or settings.get("dst") or settings.get("destination") or ""
        whole = posixpath.normpath(posixpath.join(binary.call.cwd or "/", target))
        if target and settings.get("type", "bind") != "secret" and within(binary.path, whole):
            raise Unfit("artefact", f"{binary.path} is on a mount, and no part of the image", binary.call.step.run)
    return binary


def _setting(call: Call, survey: Survey, name: str) -> str:
    value = survey.stage.env.get(name)
    return call.env.get(name) or (value.text if value is not None and value.known else "")


def gopath(call: Call, survey: Survey) -> str:
    """The first folder of GOPATH."""
    own = dict(survey.base.env).get("GOPATH", "/root/go")
    return (_setting(call, survey, "GOPATH") or own).partition(":")[0]


def _names(call: Call, survey: Survey, sources: Sources) -> Iterator[tuple[str, str, bool]]:
    """The names that Go gives to the binaries of what is built, with the package, and whether it is another's."""
    packages = call.packages or ["."]
    if any(one is None for one in packages):
        raise Unfit("artefact", "what is built is only known in the build", call.step.run)
    if any((one or "").endswith(".go") for one in packages):
        yield posixpath.basename(packages[0] or "")[: -len(".go")], packages[0] or "", False
        return
    for package in packages:
        assert package is not None
        if "@" in package or (package[0] not in "./" and call.cwd is not None and _is_others(package, call, survey)):
            yield _last(package.partition("@")[0]), package, True
            continue
        for folder in _folders(package, call, survey, sources):
            yield _name_of(folder, call, survey), folder, False


def _is_others(package: str, call: Call, survey: Survey) -> bool:
    found = _module_of(call.cwd or "/", survey)
    return found is not None and not within(f"/{package}", f"/{found[1]}")


def _folders(package: str, call: Call, survey: Survey, sources: Sources) -> list[str]:
    """The folders of the image with the programs that a package pattern stands for."""
    cwd = call.cwd or "/"
    found = _module_of(cwd, survey)
    if package[0] not in "./" and found is not None:
        path = posixpath.normpath(posixpath.join(found[0], posixpath.relpath(f"/{package}", f"/{found[1]}")))
    else:
        path = posixpath.normpath(posixpath.join(cwd, package))
    if "..." not in package:
        return [path]
    top = path.partition("...")[0].rstrip("/") or "/"
    return sorted(
        folder
        for folder in sources.mains
        if within(folder, top)
        and "/vendor/" not in folder
        and not re.search(r"/[._]|/testdata(?:/|\Z)", folder[len(top) :])
    )


def _name_of(folder: str, call: Call, survey: Survey) -> str:
    """The last part of the import path, a major version left out."""
    found = _module_of(folder, survey)
    if found is None:
        if folder in ("/", call.cwd) and not within(folder, f"{gopath(call, survey)}/src"):
            raise Unfit("artefact", "the module's name, which the binary gets, was not seen", call.step.run)
        return posixpath.basename(folder)
    return _last(posixpath.normpath(posixpath.join(found[1], posixpath.relpath(folder, found[0]))))


def _last(package: str) -> str:
    parts = package.split("/")
    if len(parts) > 1 and re.fullmatch(r"v[0-9]+", parts[-1]):
        parts.pop()
    return re.sub(r"\.v[0-9]+\Z", "", parts[-1]) if parts[0] == "gopkg.in" else parts[-1]


def _module_of(folder: str, survey: Survey) -> tuple[str, str] | None:
    """The folder of the go.mod that holds for a folder, and the name of the module."""
    while True:
        text = survey.text(posixpath.join(folder, "go.mod"))
        found = re.search(r'^\s*module\s+"?([^\s"]+)', text, re.MULTILINE) if text is not None else None
        if found is not None:
            return folder, found[1]
        if folder == "/":
            return None
        folder = posixpath.dirname(folder)


def module_of(call: Call, survey: Survey) -> tuple[str, str] | None:
    """The folder and the name of the module that a call works in; None where there is no go.mod."""
    return _module_of(call.cwd or "/", survey)


def moved(binary: Binary, path: str) -> Binary:
    """The same binary at another place."""
    return replace(binary, path=path)
