"""What of the packages that the build installs the final stage has to have."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hardenfile.evidence.reference import ImageReference

from .packages_read import Installed, Package, read_installed
from .packages_table import interpreter_of, is_header, is_tool, left_by, libraries, may_stay, release_of
from .split import Split, Unfit
from .steps import Role, Step, role
from .survey import Survey, listed

_MANAGER = {"debian": "apt", "ubuntu": "apt", "alpine": "apk", "rpm": "rpm"}
# What images without a package manager hold all the same.
_BROUGHT = {"gcr.io/distroless": frozenset(("ca-certificates", "tzdata", "netbase"))}
_SOURCES = ("/etc/apt/", "/etc/apk/", "/etc/yum.repos.d", "/etc/yum.conf", "/etc/dnf/", "/etc/zypp/")
# Programs of the packages that stay behind.
_COMPILES = frozenset("gcc g++ cc c++ make cmake ninja gfortran clang clang++ rustc cargo pkg-config".split())


@dataclass(frozen=True, slots=True)
class Needed:
    """`commands` make the one RUN of the final stage that installs them; none where nothing has to be installed."""

    commands: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def runtime_packages(survey: Survey, split: Split, steps: Sequence[Step]) -> Needed:
    """The packages that the final stage installs, by those that `steps` of the build install.

    Compilers stay behind, headers become the library that they are for, and what is left is installed again, as the
    application may run it. Raises Unfit where a package, or what it leaves for the run, is not known.
    """
    _check_below(survey, split)
    if not steps and not split.packages:
        return Needed()
    installed = read_installed(steps)
    return _Choice(survey, split, installed).result()


def _check_below(survey: Survey, split: Split) -> None:
    """Raise Unfit where the final stage would go on with packages that only the build stage has."""
    last = survey.last(split.claimed)
    above = [step for step in survey.steps if step.run.begin <= last.begin and role(step) is Role.PACKAGES]
    for one in survey.layout.placed:
        if one.target is not None and one.target.startswith(_SOURCES) and above:
            raise Unfit("packages", f"{one.target} says where packages come from", one.instruction)
    listed_ = False
    for step in survey.steps:
        if step.run.begin <= last.begin:
            continue
        if step.name in ("apt-get", "apt", "aptitude", "apk"):
            listed_ = listed_ or bool({"update", "--no-cache", "--update", "--update-cache", "-U"} & set(step.words))
            if above and not listed_ and {"install", "add", "upgrade"} & set(step.words):
                message = f"`{step.text[:60]}` goes by lists of packages that only the build stage would have"
                raise Unfit("packages", message, step.run)
        if role(step) is Role.PACKAGES and above and {"remove", "purge", "del", "autoremove"} & set(step.words):
            raise Unfit("packages", f"`{step.text[:60]}` removes what the final stage does not have", step.run)
        if step.name in _COMPILES:
            raise Unfit("missing-program", f"`{step.text[:60]}` compiles in the final stage", step.run)


class _Choice:
    def __init__(self, survey: Survey, split: Split, installed: Installed) -> None:
        self.survey = survey
        self.split = split
        self.installed = installed
        self.image = split.runtime.image
        self.family = self.image.family
        self.release = self._release()
        self.kept: dict[str, Package] = {}
        self.libraries: dict[str, Package | None] = {}
        self.dropped: list[str] = []
        self.facts: list[str] = []

    def _release(self) -> str:
        for text in (self.split.runtime.text, self.survey.stage.base.text):
            reference = ImageReference.parse(text)
            release = release_of(reference, self.family) if reference is not None else ""
            if release:
                return release
        return ""

    def result(self) -> Needed:
        for package in self.installed.packages.values():
            self._sort(package)
        for name, why in self.split.packages:
            self.libraries.setdefault(name, None)
            self.facts.append(f"{name}: {why}")
        self._take_brought()
        if self.kept:
            self.facts.append(f"{listed(self.kept)} may be run or loaded by the application, and is installed again")
        self.dropped += self.installed.groups
        return Needed(tuple(self._commands()), tuple(self.dropped), tuple(self.facts))

    def _sort(self, package: Package) -> None:
        name, manager = package.name, self.installed.manager
        language = interpreter_of(name)
        if is_tool(name) or name in self.split.programs:
            self._drop(package, left_by(name, manager))
        elif language and (language in self.image.name.split("/")[-1] or package.removed):
            self._drop(package, ())
        elif language or is_header(name):
            self._map(package)
        elif not package.removed:
            self.kept[name] = package

    def _drop(self, package: Package, left: tuple[str, ...]) -> None:
        self.dropped.append(package.name)
        for library in left:
            self.libraries.setdefault(library, package)
        if left:
            self.facts.append(f"what {package.name} compiles may need {' and '.join(left)}")

    def _map(self, package: Package) -> None:
        name = package.name
        found = libraries(name, self.family, self.release)
        if found is not None:
            self._drop(package, ())
            for library in found:
                self.libraries.setdefault(library, package)
            if found:
                where = f" in {self.release}" if self.release else ""
                self.facts.append(f"the library of {name}{where} is {' '.join(found)}")
        elif may_stay(name, self.family) and not package.removed:
            self.kept[name] = package
            image = self.split.runtime.text
            self.facts.append(f"which release of its distribution {image} is, is not known: {name} brings its library")
        else:
            raise Unfit("packages", f"which library {name} leaves for the run is not known here", package.step.run)

    def _take_brought(self) -> None:
        """Leave out what an image without a package manager has anyway. Raises Unfit where something is left."""
        if self.image.shell and self.family in ("debian", "ubuntu", "alpine", "rpm"):
            return
        brought = next((have for start, have in _BROUGHT.items() if self.image.name.startswith(start)), frozenset())
        for name in [name for name in self.kept if name in brought]:
            del self.kept[name]
            self.facts.append(f"{self.split.runtime.text} has {name} itself")
        left = [*self.kept, *self.libraries]
        if left:
            at = next((package.step.run for package in self.kept.values()), None)
            raise Unfit("no-shell", f"{self.split.runtime.text} cannot install {listed(left)}", at)

    def _commands(self) -> Iterator[str]:
        if not self.kept and not self.libraries:
            return
        manager = self.installed.manager or _MANAGER.get(self.family, "")
        if manager != _MANAGER.get(self.family) or (manager == "rpm" and self.image != self.survey.base):
            raise Unfit("packages", f"how packages are installed in {self.split.runtime.text} is not known")
        if manager == "apt":
            yield from self._apt()
        elif manager == "apk":
            if self.installed.upgrade:
                yield "apk upgrade --no-cache"
            yield " ".join(["apk add --no-cache", *self._specs(None)])
        else:
            program = self.installed.program or "dnf"
            if self.installed.upgrade:
                yield f"{program} {self.installed.upgrade}"
            for flags in self._flags():
                yield " ".join([f"{program} install", *flags, *self._specs(flags)])
            yield f"{program} clean all"

    def _apt(self) -> Iterator[str]:
        program = self.installed.program or "apt-get"
        prefix = self._environment()
        yield f"{program} {self.installed.update or 'update'}"
        if self.installed.upgrade:
            yield f"{prefix}{program} {self.installed.upgrade}"
        for flags in self._flags():
            yield " ".join([f"{prefix}{program} install", *flags, *self._specs(flags)])
        yield "rm -rf /var/lib/apt/lists/*"

    def _environment(self) -> str:
        """What keeps packages from asking questions, where the file says so for its commands alone."""
        text = self.installed.environment
        if not text:
            for one in self.survey.stage.each("ARG"):
                text = next((word for word in one.args if word.startswith("DEBIAN_FRONTEND=")), text)
        for step in self.survey.steps:
            if not text and step.name == "export":
                text = next((word for word in step.arguments if word and word.startswith("DEBIAN_FRONTEND=")), text)
        return f"{text} " if re.match(r"DEBIAN_FRONTEND=\w+\Z", text) else ""

    def _flags(self) -> list[tuple[str, ...]]:
        """The options of each command, in the order of the file; those of libraries that no command asked for last."""
        found = dict.fromkeys(package.flags for package in self.kept.values())
        for package in self.libraries.values():
            found.setdefault(package.flags if package is not None else self._default(), None)
        return list(found)

    def _default(self) -> tuple[str, ...]:
        given = [package.flags for package in self.installed.packages.values()]
        if given:
            return given[0]
        return ("-y", "--no-install-recommends") if self.family in ("debian", "ubuntu") else ("-y",)

    def _specs(self, flags: tuple[str, ...] | None) -> Iterator[str]:
        """How the packages of a command are asked for; all of them where `flags` are None."""
        for package in self.kept.values():
            if flags in (None, package.flags):
                yield _quoted(package.spec)
        for name, owner in self.libraries.items():
            own = owner.flags if owner is not None else self._default()
            if flags in (None, own) and name not in self.kept:
                yield name


def _quoted(spec: str) -> str:
    return spec if re.match(r"[\w.+:~=-]+\Z", spec) else f"'{spec}'"
