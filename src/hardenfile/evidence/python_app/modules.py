"""The application's modules: found on its search path, read once, parsed only where a word in them matters."""

import hashlib
import posixpath
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field

import libcst as cst

from . import skim
from .model import FILE_LIMIT, Tree
from .outline import Outline, outline
from .words import matters


@dataclass(slots=True, eq=False)
class Source:
    """One content, wherever it lies: what a first look tells, and the parsed outline once it is asked for."""

    content: bytes
    imports: tuple[skim.Import, ...]
    matters: bool
    problem: str = ""
    _outline: Outline | None = None
    _parsed: bool = False

    def outline(self) -> Outline | None:
        """The outline, or None where the source cannot be parsed (`problem` says why)."""
        if not self._parsed:
            self._parsed = True
            self._outline = self._parse()
        return self._outline

    def _parse(self) -> Outline | None:
        if skim.nesting(skim.text_of(self.content)) > skim.NESTING_LIMIT:
            self.problem = "is nested too deep to be parsed"
            return None
        try:
            return outline(cst.parse_module(self.content))
        except RecursionError:
            self.problem = "is nested too deep to be parsed"
        except Exception as error:  # whatever the parser stumbles on, an unknown encoding too, means the same
            line = f", at line {error.raw_line}" if isinstance(error, cst.ParserSyntaxError) else ""
            self.problem = f"does not parse as Python 3{line}"
        return None


Cache = MutableMapping[bytes, Source]
"""Sources by the SHA-256 of their content: hand the same one to several calls to parse nothing twice."""


def _look(content: bytes, cache: Cache) -> Source:
    key = hashlib.sha256(content).digest()
    if key not in cache:
        text = skim.text_of(content)
        cache[key] = Source(content, skim.imports(text), matters(text))
    return cache[key]


@dataclass(slots=True, eq=False)
class Module:
    """A file of the application as Python would load it.

    ``package`` is what a relative import counts from; ``main`` says that it runs as ``__main__``; ``installed`` that
    the image runs a copy of it from a site-packages folder, so that ``__file__`` is not its path here.
    """

    name: str
    path: str
    package: str
    source: Source
    main: bool = False
    installed: bool = False

    def outline(self) -> Outline | None:
        return self.source.outline()


@dataclass(frozen=True, slots=True)
class Root:
    """A folder of ``sys.path``."""

    folder: str
    installed: bool = False


@dataclass(slots=True)
class Codebase:
    """The modules that can be found below the roots, loaded one by one.

    ``reached`` are those that the application imports, by path; others may be loaded just to see what a name is.
    """

    tree: Tree
    roots: list[Root]
    cache: Cache
    reached: dict[str, Module] = field(default_factory=dict)
    problems: dict[str, None] = field(default_factory=dict)  # in order, each once
    _loaded: dict[str, Module] = field(default_factory=dict)
    _located: dict[str, list[Module | None]] = field(default_factory=dict)
    _tops: dict[str, bool] = field(default_factory=dict)
    _there: dict[str, bool] = field(default_factory=dict)

    def exists(self, path: str) -> bool:
        """As the tree says; asked once for each path, since the packages around every module are looked for again."""
        if path not in self._there:
            self._there[path] = self.tree.exists(path)
        return self._there[path]

    def script(self, path: str, *, main: bool) -> Module | None:
        """A module by its file: a script, a configuration file."""
        module = self._load("", path, "", installed=False)
        if module is not None:
            module.main = module.main or main
        return module

    def named(self, dotted: str) -> Module | None:
        """The module of that name, or None where it is not the application's own."""
        located = self._locate(dotted)
        return located[-1] if located else None

    def chain(self, dotted: str) -> tuple[Module, ...]:
        """What importing a dotted name runs: its packages, then itself; empty where it is not the application's."""
        return tuple(module for module in self._locate(dotted) if module is not None)

    def holds(self, dotted: str) -> bool:
        """Whether a module of that name is in the context, also one that could not be read."""
        return bool(self._locate(dotted))

    def owns(self, dotted: str) -> bool:
        """Whether the name, or the regular package at its top, lies in the context."""
        top = dotted.partition(".")[0]
        return bool(self._locate(dotted)) or (self._is_there(top) and any(self._regular(r, top) for r in self.roots))

    def below(self, dotted: str) -> Iterator[str]:
        """The names of the modules directly in a package of the application."""
        for root in self.roots:
            folder = posixpath.join(root.folder, *dotted.split("."))
            for name in sorted(self.tree.listing(folder)) if self.exists(folder) else ():
                bare = name.removesuffix(".py")
                if bare.isidentifier() and (bare != name or self.exists(f"{folder}/{name}/__init__.py")):
                    yield f"{dotted}.{bare}"

    def say(self, problem: str) -> None:
        self.problems[problem] = None

    def parsed(self) -> Iterable[tuple[Module, Outline]]:
        """The reached modules that matter and could be parsed."""
        for module in self.reached.values():
            if module.source.matters and (tree := module.outline()) is not None:
                yield module, tree

    def _regular(self, root: Root, name: str) -> bool:
        base = posixpath.join(root.folder, name)
        return bool(name) and (self.exists(f"{base}/__init__.py") or self.exists(f"{base}.py"))

    def _locate(self, dotted: str) -> list[Module | None]:
        """One entry a part of the name, None for a namespace package; empty where any part is missing."""
        if dotted not in self._located:
            self._located[dotted] = self._search(dotted) if self._is_there(dotted.partition(".")[0]) else []
        return self._located[dotted]

    def _is_there(self, top: str) -> bool:
        """Whether anything in the context could be that top-level name: most names are of libraries."""
        if top not in self._tops:
            bases = [posixpath.join(root.folder, top) for root in self.roots]
            self._tops[top] = any(self.exists(base) or self.exists(f"{base}.py") for base in bases)
        return self._tops[top]

    def _search(self, dotted: str) -> list[Module | None]:
        parts = dotted.split(".")
        if not all(parts):
            return []
        for root in self.roots:
            found: list[Module | None] = []
            folder = root.folder
            for index, part in enumerate(parts):
                folder = posixpath.join(folder, part)
                name = ".".join(parts[: index + 1])
                if self.exists(f"{folder}/__init__.py"):
                    found.append(self._load(name, f"{folder}/__init__.py", name, installed=root.installed))
                elif self.exists(f"{folder}.py"):
                    package = name.rpartition(".")[0]
                    found.append(self._load(name, f"{folder}.py", package, installed=root.installed))
                elif index < len(parts) - 1 and self.exists(folder) and self.tree.listing(folder):
                    found.append(None)
                else:
                    break
            if len(found) == len(parts):
                return found
            if self._regular(root, parts[0]):
                return []  # the first root that has the package hides it in those behind
        return []

    def _load(self, name: str, path: str, package: str, *, installed: bool) -> Module | None:
        path = posixpath.normpath(path)
        if path not in self._loaded:
            content = self.tree.read(path, FILE_LIMIT + 1)
            shown = self.tree.source_of(path) if self.exists(path) else path
            if content is None:
                self.say(f"{shown} could not be read")
                return None
            if len(content) > FILE_LIMIT:
                self.say(f"{shown} is larger than {FILE_LIMIT // 1_000_000} MB and was not read")
                return None
            self._loaded[path] = Module(name, path, package, _look(content, self.cache), installed=installed)
        return self._loaded[path]
