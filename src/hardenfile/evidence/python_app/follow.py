"""What a module leads to: its imports, and the modules that frameworks are told to import by name."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from . import skim
from .commands import runs
from .entry import start
from .fold import Fold
from .launch import Launch
from .modules import Codebase, Module
from .outline import Outline
from .reading import Here
from .rules import MODULE_NAMES, SOURCE_FILES
from .scopes import Guard, Site
from .syntax import argument
from .values import HOLE

MODULE_LIMIT = 5_000
"""Modules of one application that are read; more is said as a problem."""

_DJANGO = "DJANGO_SETTINGS_MODULE"
_OF_AN_APP = ("apps", "models", "admin", "tasks", "templatetags")  # what Django and Celery import by themselves


@dataclass(slots=True)
class Follower:
    """Walks the import graph from the entry modules."""

    codebase: Codebase
    fold: Fold
    launch: Launch
    settings: dict[str, Module] = field(default_factory=dict)  # Django's settings modules, by path
    unknown: list[Here] = field(default_factory=list)  # imports of a module whose name is not known
    external: list[tuple[Module, str, int]] = field(default_factory=list)  # imports of libraries
    _queue: list[Module] = field(default_factory=list)

    def follow(self, entries: list[Module]) -> None:
        for module in entries:
            self._add(module)
        self._django_settings(self.launch.env.get(_DJANGO, ""))
        while self._queue:
            if len(self.codebase.reached) > MODULE_LIMIT:
                self.codebase.say(f"more than {MODULE_LIMIT} modules: the rest was not read")
                return
            self._module(self._queue.pop())

    def _add(self, module: Module) -> None:
        if module.path not in self.codebase.reached:
            self.codebase.reached[module.path] = module
            self._queue.append(module)

    def _named(self, dotted: str) -> bool:
        """Follow a name as far as it is one of a module; whether any of it is."""
        parts = dotted.split(".")
        for end in range(len(parts), 0, -1):
            chain = self.codebase.chain(".".join(parts[:end]))
            if chain:
                for module in chain:
                    self._add(module)
                return True
        return False

    def _module(self, module: Module) -> None:
        tree = module.outline() if module.source.matters else None
        if module.source.problem:
            self.codebase.say(f"{self.codebase.tree.source_of(module.path)} {module.source.problem}")
        for found, guard in _imports(module, tree):
            if Guard.TYPING in guard or (Guard.MAIN in guard and not module.main):
                continue
            self._import(module, found, optional=Guard.OPTIONAL in guard)
        if tree is not None:
            for site in tree.calls:
                if isinstance(site.node, cst.Call) and (Guard.MAIN not in site.guard or module.main):
                    self._call(module, site, site.node)
            for store in tree.stores:
                if isinstance(store.target, cst.Subscript):
                    here = Here(self.fold, module, store.site.scope, store.site.line)
                    if self.fold.read_variable(store.target, here.place) == _DJANGO:
                        value = here.value(store.value)
                        self._django_settings(value.text if value is not None else "")

    def _import(self, module: Module, found: skim.Import, *, optional: bool) -> None:
        base = self.fold.names.absolute(found.module, module)
        if not base:
            shown = self.codebase.tree.source_of(module.path)
            self.codebase.say(f"{shown}: 'from {found.module} import' leads out of its package")
            return
        names = [base, *(f"{base}.{name}" for name in found.names if name != "*")]
        for part in (part for name in names for part in self.codebase.chain(name)):
            self._add(part)
        if any(self.codebase.holds(name) for name in names):
            return
        if not self.codebase.owns(base):
            self.external.append((module, base, found.line))
        elif not optional:
            self._missing(module, base, found)

    def _missing(self, module: Module, base: str, found: skim.Import) -> None:
        """A module that is not in the context; not said for an import that the program itself can do without."""
        tree = module.outline()
        sites = tree.imports if tree is not None else ()
        if not any(site.module == found.module and Guard.OPTIONAL in site.guard for site in sites):
            shown = self.codebase.tree.source_of(module.path)
            self.codebase.say(f"{base}, imported by {shown}, is not in the build context")

    # -- modules named in calls

    def _call(self, module: Module, site: Site, call: cst.Call) -> None:
        here = Here(self.fold, module, site.scope, site.line)
        dotted = here.called(call)
        if dotted in MODULE_NAMES:
            self._by_name(here, call, dotted)
        elif dotted in SOURCE_FILES:
            self._by_path(here, call, dotted)
        elif dotted == "os.environ.setdefault":
            if self.fold.read_variable(call, here.place) == _DJANGO:
                value = here.value(call)
                self._django_settings(value.text if value is not None else "")
        elif dotted in ("celery.Celery", "celery.Celery().autodiscover_tasks"):
            suffix = ".tasks" if dotted.endswith("tasks") else ""
            node = argument(call, 0, "packages") if suffix else argument(call, 99, "include")
            for text in _texts(here, node):
                self._named(text + suffix)
        else:
            self._program(here, call, dotted)

    def _by_name(self, here: Here, call: cst.Call, dotted: str) -> None:
        node = argument(call, *MODULE_NAMES[dotted])
        value = here.value(node) if node is not None else None
        if value is None or value.text.startswith(HOLE):
            if dotted.startswith(("importlib.", "builtins.")) or dotted.endswith(".import_string"):
                self.unknown.append(here)
            return
        name = value.text.split(":")[0]
        if name.startswith("."):
            name = self.fold.names.absolute(name, here.module)
        if HOLE not in name:
            self._named(name)
            return
        known = name.split(HOLE)[0].rpartition(".")[0]  # any module of a package may be meant: all are followed
        for below in self.codebase.below(known) if known else ():
            self._named(below)
        if not known:
            self.unknown.append(here)

    def _by_path(self, here: Here, call: cst.Call, dotted: str) -> None:
        node = argument(call, *SOURCE_FILES[dotted])
        spot = self.fold.around.spot(here.value(node) if node is not None else None)
        if dotted.endswith("from_pyfile"):  # names a file beside the application, which may well not be there
            name = here.value(node) if node is not None else None
            beside = posixpath.dirname(here.module.path)
            path = posixpath.join(beside, name.text) if name is not None and name.whole else ""
        else:
            path = spot.path if spot is not None and not spot.inside else ""
        found = self.codebase.script(path, main=False) if path and self.codebase.tree.exists(path) else None
        if found is not None:
            self._add(found)
        elif not dotted.endswith("from_pyfile"):
            self.unknown.append(here)

    def _program(self, here: Here, call: cst.Call, dotted: str) -> None:
        """A Python program of the application that is started from within."""
        for run in runs(here, call, dotted) or ():
            if run.is_python and not any(HOLE in word for word in run.words[1:2]):
                launch = Launch(self.launch.tree, self.launch.workdir, dict(self.launch.env), self.launch.scripts)
                start(launch, [word.replace(HOLE, "?") for word in run.words])
                for target in launch.targets:
                    found = self.codebase.script(target.name, main=True) if target.is_path else None
                    if found is None and not target.is_path:
                        found = self.codebase.named(target.name)
                    if found is not None:
                        self._add(found)
                    elif target.is_path:
                        self.codebase.say(f"{target.name}, started from within, is not in the build context")

    # -- Django

    def _django_settings(self, name: str) -> None:
        module = self.codebase.named(name) if name and HOLE not in name else None
        if module is None:
            if name:
                self.codebase.say(f"Django's settings {name.replace(HOLE, '…')} are not in the build context")
            return
        if module.path in self.settings:
            return
        self._named(name)
        for part in self._with_bases(module):
            self.settings[part.path] = part
            for text in skim.dotted_strings(skim.text_of(part.source.content)):
                app = text.partition(".apps")[0]
                if self._named(text):
                    for below in _OF_AN_APP:
                        self._named_exactly(f"{app}.{below}")
                    for command in self.launch.commands:
                        self._named_exactly(f"{app}.management.commands.{command}")

    def _with_bases(self, module: Module) -> Iterator[Module]:
        """A settings module, and those that it takes names from with ``from .base import *``."""
        seen: dict[str, Module] = {}
        queue = [module]
        while queue:
            current = queue.pop()
            if current.path not in seen:
                seen[current.path] = current
                yield current
                for found in current.source.imports:
                    base = self.fold.names.absolute(found.module, current)
                    other = self.codebase.named(base) if "*" in found.names and base else None
                    if other is not None:
                        queue.append(other)

    def _named_exactly(self, dotted: str) -> None:
        for module in self.codebase.chain(dotted):
            self._add(module)
        if dotted.endswith(".templatetags"):
            for below in self.codebase.below(dotted):
                self._named_exactly(below)


def _imports(module: Module, tree: Outline | None) -> Iterator[tuple[skim.Import, Guard]]:
    if tree is None:
        yield from ((found, Guard.NONE) for found in module.source.imports)
    else:
        for site in tree.imports:
            yield skim.Import(site.module, site.names, site.line), site.guard


def _texts(here: Here, node: cst.BaseExpression | None) -> Iterator[str]:
    if isinstance(node, (cst.List, cst.Tuple)):
        for element in node.elements:
            value = here.value(element.value)
            if value is not None and re.fullmatch(r"[\w.]+", value.text):
                yield value.text
