"""What a command line starts, as it is gathered, and the small option parser that every command shares."""

import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from .model import Finding, Kind, Tree

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Target:
    """A module that the command starts: by dotted name, or by the absolute path of its file."""

    name: str
    is_path: bool
    main: bool


@dataclass(slots=True)
class Launch:
    """What a command line says: filled in by the commands in `entry` and `servers`.

    ``roots`` are the folders that it puts first on ``sys.path``; ``configurations`` Gunicorn's own files in Python, and
    ``bound`` whether the command line settled its address already; ``commands`` are Django's management commands that
    run; ``editable`` says that the project is run from its sources, not from an installed copy.
    """

    tree: Tree
    workdir: str
    env: dict[str, str]
    scripts: Mapping[str, str]
    targets: list[Target] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    configurations: list[str] = field(default_factory=list)
    is_gunicorn: bool = False
    bound: bool = False
    commands: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    editable: bool = False

    def path(self, name: str) -> str:
        """An absolute image path of one that the command line gives."""
        return posixpath.normpath(posixpath.join(self.workdir, name))

    def module(self, name: str, *, main: bool = False) -> None:
        """Start a module by name, or ``module:attribute``; ``a/b.py`` and ``a/b.py:app`` are taken by path."""
        bare = name.split(":")[0]
        if bare.endswith(".py") or "/" in bare:
            self.targets.append(Target(self.path(bare), True, main))
        elif bare:
            self.targets.append(Target(bare, False, main))

    def find(self, kind: Kind, what: str, path: str | None = None, *, directory: bool = False) -> None:
        self.findings.append(Finding(kind, path, directory, None, what, "", 0))

    def listen(self, port: int | None, what: str) -> None:
        self.findings.append(Finding("port", None, False, port, what, "", 0))

    def log(self, name: str, what: str) -> None:
        """A file that a server is told to write; ``-`` is a stream."""
        if name and name != "-":
            expanded = self.expand(name)
            known = expanded is not None and not expanded.startswith("/dev/")
            if known and expanded is not None:
                self.find("write", what, self.path(expanded))
            elif expanded is None:
                self.find("unknown", f"{what} {name}")

    def expand(self, word: str) -> str | None:
        """``$NAME``, ``${NAME}`` and ``${NAME:-word}`` by the image's environment; None where one is not set."""
        missing = False

        def value(match: re.Match[str]) -> str:
            nonlocal missing
            found = self.env.get(match[1] or match[3], match[2])
            missing = missing or found is None
            return found or ""

        text = _VARIABLE.sub(value, word)
        return None if missing else text

    def address(self, word: str, what: str, default: int | None) -> None:
        """``host:port``, ``:port``, ``[::]:port``, ``host``, ``unix:path``, ``fd://n``: what a server binds to."""
        expanded = self.expand(word)
        if expanded is None:
            self.listen(None, f"{what} {word}")
        elif expanded.startswith("unix:"):
            path = expanded.removeprefix("unix:").removeprefix("//")
            self.find("write", f"{what} {expanded}", self.path(path))
        elif not expanded.startswith(("fd:", "fd@")):
            match = re.fullmatch(r"(?:\w+://)?(?:\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?/?", expanded)
            port = default if match is None or match[1] is None else int(match[1])
            self.listen(port if match is not None else None, f"{what} {expanded}")

    def number(self, word: str, what: str) -> None:
        """A port that stands alone."""
        expanded = self.expand(word)
        known = expanded is not None and expanded.isdecimal() and len(expanded) < 6
        self.listen(int(expanded) if known and expanded is not None else None, f"{what} {word}")


@dataclass(frozen=True, slots=True)
class Options:
    """Options by their long name, in order, and the words that are none."""

    values: Mapping[str, list[str]]
    words: list[str]

    def last(self, name: str, default: str = "") -> str:
        return self.values[name][-1] if self.values.get(name) else default

    def all(self, name: str) -> list[str]:
        return list(self.values.get(name, ()))


def options(
    words: Sequence[str], flags: Collection[str] = (), short: Mapping[str, str] | None = None, *, stop: bool = False
) -> Options:
    """Sort words into options and others.

    ``flags`` are the options without a value, by long name or by letter; ``no-…`` is always one. ``short`` gives the
    long name of a letter. With ``stop`` the first word that is no option ends them, as before a command of its own.
    """
    values: dict[str, list[str]] = {}
    others: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            others += rest
            break
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            if not equals and name not in flags and not name.startswith("no-") and rest:
                value = rest.pop(0)
            values.setdefault(name, []).append(value)
        elif word.startswith("-") and len(word) > 1:
            letters = word[1:]
            while letters:
                letter, letters = letters[0], letters[1:]
                name, value = (short or {}).get(letter, letter), ""
                if name not in flags and letter not in flags:
                    value = letters.removeprefix("=") or (rest.pop(0) if rest else "")
                    letters = ""
                values.setdefault(name, []).append(value)
        else:
            others.append(word)
            if stop:
                others += rest
                break
    return Options(values, others)
