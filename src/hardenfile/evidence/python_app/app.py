"""Reads one application: from the command line of an image to what it writes, binds and needs root for."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from . import libraries
from .entry import launch as launched
from .facts import changes_folder, facts
from .fold import Fold
from .follow import Follower
from .gunicorn import application, configuration
from .launch import Launch
from .model import Application, Finding, Tree
from .modules import Cache, Codebase, Module, Root
from .names import Names
from .projects import console_scripts as declared_scripts
from .reading import Here
from .scopes import Scope
from .servers import gunicorn_default
from .settings import Configuration
from .values import Surroundings


def read_application(
    tree: Tree,
    argv: Sequence[str],
    *,
    workdir: str,
    env: Mapping[str, str],
    console_scripts: Mapping[str, str] | None = None,
    cache: Cache | None = None,
) -> Application:
    """Read the application that a command line starts.

    ``argv`` holds the words of ENTRYPOINT and CMD in exec form, or of one simple shell command; ``workdir`` and ``env``
    are the image's. ``console_scripts`` maps commands of the project to ``module:function``; without it they are taken
    from the project's own files in ``workdir``. A ``cache`` handed to several calls parses equal sources once.

    Total: whatever is wrong with the sources becomes a problem of the result, never an exception.
    """
    scripts = console_scripts if console_scripts is not None else declared_scripts(tree, posixpath.join("/", workdir))
    launch = launched(argv, tree, workdir=workdir, env=env, console_scripts=scripts)
    return _Reader(tree, launch, cache if cache is not None else {}).read()


class _Reader:
    """The steps of one reading, in order."""

    def __init__(self, tree: Tree, launch: Launch, cache: Cache) -> None:
        self.tree = tree
        self.launch = launch
        self.codebase = Codebase(tree, _roots(launch), cache)
        self.around = Surroundings(launch.workdir, launch.env)
        self.fold = Fold(Names(self.codebase), self.around)
        self.follower = Follower(self.codebase, self.fold, launch)

    def read(self) -> Application:
        for problem in self.launch.problems:
            self.codebase.say(problem)
        entries = list(self._entries())
        configurations = self._configurations()
        entries += self._named_by_configuration(configurations) if not entries else []
        if not entries:
            self.codebase.say("no entry module was found in the build context")
        packages = [part for module in entries for part in self.codebase.chain(module.name)]
        self.follower.follow([*packages, *entries, *configurations])
        self._settle()
        findings = [*self._configured(configurations), *self._findings()]
        if self.launch.is_gunicorn and not self.launch.bound:
            gunicorn_default(self.launch)
        findings += self.launch.findings
        unique = sorted(dict.fromkeys(findings), key=lambda found: (found.file, found.line, found.kind, found.what))
        unknown = any(finding.kind == "unknown" for finding in unique)
        return Application(
            entries=tuple(dict.fromkeys(self.tree.source_of(module.path) for module in entries)),
            modules=len(self.codebase.reached),
            findings=tuple(unique),
            problems=tuple(self.codebase.problems),
            complete=bool(entries) and not unknown and not self.codebase.problems,
        )

    def _entries(self) -> Iterator[Module]:
        for target in self.launch.targets:
            if target.is_path:
                module = self._file(target.name, main=target.main)
            else:
                inner = self.codebase.named(f"{target.name}.__main__") if target.main else None
                module = inner or self.codebase.named(target.name)
            if module is None:
                self.codebase.say(f"{target.name}, which the command starts, is not in the build context")
            else:
                module.main = module.main or target.main
                yield module

    def _configurations(self) -> list[Module]:
        return [module for path in self.launch.configurations if (module := self._file(path)) is not None]

    def _file(self, path: str, *, main: bool = False) -> Module | None:
        return self.codebase.script(path, main=main) if self.tree.exists(path) else None

    def _named_by_configuration(self, configurations: list[Module]) -> list[Module]:
        names = [application(self._here(m), tree) for m in configurations if (tree := m.outline()) is not None]
        return [module for name in names if name and (module := self.codebase.named(name)) is not None]

    def _configured(self, configurations: list[Module]) -> Iterator[Finding]:
        for module in configurations:
            outline = module.outline()
            if outline is not None:
                yield from configuration(self._here(module), outline, self.launch)

    def _here(self, module: Module) -> Here:
        outline = module.outline()
        return Here(self.fold, module, outline.scope if outline is not None else Scope("module", "", None), 1)

    def _settle(self) -> None:
        """From here on settings can be looked up, and it is known whether relative paths mean anything."""
        settings = Configuration(self.codebase, frozenset(self.follower.settings))
        settings.gather()
        moves = any(
            changes_folder(self._here(module).at(site.scope, site.line), site)
            for module, outline in self.codebase.parsed()
            for site in outline.calls
        )
        configured = (module.outline() for module in self._configurations())
        moves = moves or any("chdir" in outline.scope.bindings for outline in configured if outline is not None)
        around = Surroundings(self.around.workdir, self.around.env, settled=not moves)
        fold = Fold(self.fold.names, around)
        fold.setting = lambda name: settings.value(fold, name)
        fold.flask_root = lambda: settings.flask_folder(fold)
        self.fold = fold

    def _findings(self) -> Iterator[Finding]:
        for module, outline in self.codebase.parsed():
            try:
                yield from facts(self._here(module), outline)
            except RecursionError:
                self.codebase.say(f"{self.tree.source_of(module.path)} is nested too deep to be read")
        for here in self.follower.unknown:
            yield here.finding("unknown", "imports a module whose name is not known here")
        for module, name, line in self.follower.external:
            library = libraries.imported(name, self.launch.env)
            if library is not None:
                here = self._here(module).at(Scope("module", "", None), line)
                phrase = library.phrase(f"imports {name.partition('.')[0]}")
                yield here.finding("library", phrase, library.folder(self.launch.env), directory=True)


def _roots(launch: Launch) -> list[Root]:
    """``sys.path`` as far as it lies in the context: what the command puts first, PYTHONPATH, then the project.

    The project's own folder and its ``src`` stand for the installed project: a module found only there is taken to be
    the one that runs, and its ``__file__`` is not known unless the command runs the project from its sources.
    """
    first = [*launch.roots, *(launch.path(p) for p in launch.env.get("PYTHONPATH", "").split(":") if p)]
    roots = [Root(folder) for folder in dict.fromkeys(first)]
    project = [folder for folder in (launch.workdir, posixpath.join(launch.workdir, "src")) if folder not in first]
    return [*roots, *(Root(folder, installed=not launch.editable) for folder in project)]
