"""Settings by which frameworks are told where to write: Flask's and Django's, and the dictionaries in them."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from .fold import Fold, instance_folder
from .model import Finding, Tree
from .modules import Codebase, Module
from .origins import Place
from .outline import Outline
from .reading import Here
from .rules import DATABASE_SETTING, SESSION_SETTING, SETTINGS
from .scopes import Scope
from .values import Value
from .writes import database_url, sqlite

_REQUIREMENTS = (
    "requirements.txt",
    "requirements/base.txt",
    "poetry.lock",
    "uv.lock",
    "Pipfile.lock",
    "pyproject.toml",
)
_FLASK_SQLALCHEMY = re.compile(
    r"flask[-_]sqlalchemy[\"']?(?:\s*[=~>]=\s*|\s*\n\s*version\s*=\s*\"|[^\n]*\n?[^\n]*\"version\":\s*\"==)v?(\d+)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One place where a setting gets a value."""

    name: str
    value: cst.BaseExpression
    module: Module
    scope: Scope
    line: int

    @property
    def owner(self) -> str:
        return f"{self.scope.name}.{self.name}" if self.scope.kind == "class" else self.name


def settings_in(module: Module, tree: Outline) -> Iterator[Setting]:
    """Capital names bound in a module or class, ``app.config["NAME"] = …``, ``app.config.update(NAME=…)``."""
    inner = [binding.inner for bindings in tree.scope.bindings.values() for binding in bindings]
    for scope in (tree.scope, *(scope for scope in inner if scope is not None and scope.kind == "class")):
        for name, bindings in scope.bindings.items():
            for binding in bindings if name.isupper() else ():
                if binding.kind == "assign" and binding.value is not None:
                    yield Setting(name, binding.value, module, scope, binding.line)
    for store in tree.stores:
        match store.target:
            case cst.Subscript(
                value=cst.Attribute(attr=cst.Name("config")),
                slice=[cst.SubscriptElement(slice=cst.Index(value=cst.SimpleString() as key))],
            ):
                yield Setting(str(key.evaluated_value), store.value, module, store.site.scope, store.site.line)
    for site in tree.calls:
        match site.node:
            case cst.Call(func=cst.Attribute(value=cst.Attribute(attr=cst.Name("config")), attr=method)) as call:
                for name, value in _given(call, method.value):
                    yield Setting(name, value, module, site.scope, site.line)


def _given(call: cst.Call, method: str) -> Iterator[tuple[str, cst.BaseExpression]]:
    """What ``config.update(…)``, ``config.from_mapping(…)`` and ``config.setdefault(key, value)`` set."""
    if method == "setdefault":
        key = call.args[0].value if len(call.args) == 2 else None
        if isinstance(key, cst.SimpleString):
            yield str(key.evaluated_value), call.args[1].value
    elif method in ("update", "from_mapping"):
        for arg in call.args:
            if arg.keyword is not None:
                yield arg.keyword.value, arg.value
            elif isinstance(arg.value, cst.Dict):
                yield from entries(arg.value).items()


def entries(node: cst.Dict) -> dict[str, cst.BaseExpression]:
    """The items of a dictionary whose keys are plain strings."""
    items = (item for item in node.elements if isinstance(item, cst.DictElement))
    return {str(i.key.evaluated_value): i.value for i in items if isinstance(i.key, cst.SimpleString)}


@dataclass(slots=True)
class Configuration:
    """All settings of the application by name, looked up when a path is built from one."""

    codebase: Codebase
    django: frozenset[str]  # paths of Django's settings modules, whose names win over the same elsewhere
    _by_name: dict[str, list[Setting]] = field(default_factory=dict)
    _flask: list[tuple[Module, cst.Call, Scope]] = field(default_factory=list)

    def gather(self) -> None:
        for module, tree in self.codebase.parsed():
            for setting in settings_in(module, tree):
                self._by_name.setdefault(setting.name, []).append(setting)
            for site in tree.calls:
                if isinstance(site.node, cst.Call) and len(site.node.args) > 0:
                    self._flask.append((module, site.node, site.scope))

    def value(self, fold: Fold, name: str) -> Value | None:
        """What a setting is worth, where all places that give it one agree."""
        found = self._by_name.get(name, [])
        preferred = [setting for setting in found if setting.module.path in self.django] or found
        values = [fold.value(setting.value, Place(setting.scope, setting.module)) for setting in preferred]
        return values[0] if values and all(value == values[0] for value in values) else None

    def flask_folder(self, fold: Fold) -> str | None:
        """``app.root_path`` of the only ``Flask(__name__)``: the folder of the module that makes it."""
        folders = set()
        for module, call, scope in self._flask:
            first, called = call.args[0].value, fold.names.dotted(call.func, Place(scope, module))
            if isinstance(first, cst.Name) and first.value == "__name__" and called in ("flask.Flask", "quart.Quart"):
                folders.add(None if module.installed else posixpath.dirname(module.path))
        return folders.pop() if len(folders) == 1 else None


def flask_sqlalchemy_major(tree: Tree, folder: str) -> int | None:
    """The major version of Flask-SQLAlchemy that the project asks for: it decides where a relative file lies."""
    for name in _REQUIREMENTS:
        content = tree.read(posixpath.join(folder, name), 1_000_000)
        match = _FLASK_SQLALCHEMY.search(content.decode("utf-8", "replace")) if content is not None else None
        if match is not None:
            return int(match[1])
    return None


def setting_writes(here: Here, setting: Setting) -> Iterator[Finding]:
    """What a setting makes its framework write."""
    value = here.value(setting.value)
    if setting.name in SETTINGS:
        if not (isinstance(setting.value, cst.Name) and setting.value.value == "None"):
            folder = value.with_text(value.text or ".") if value is not None else None  # '' is the working folder
            yield from here.written(folder, f"{setting.owner}: {SETTINGS[setting.name]}", directory=True)
    elif setting.name == SESSION_SETTING:
        if value is not None and value.text == "filesystem" and here.fold.setting("SESSION_FILE_DIR") is None:
            yield from here.written(Value("flask_session"), "Flask-Session's own folder", directory=True)
    elif setting.name == DATABASE_SETTING:
        relative = value is not None and re.match(r"sqlite(\+\w+)?:///(?!/|:memory:)", value.text) is not None
        folder = _relative_to(here) if relative else None
        if relative and folder is None:
            what = f"{setting.owner}: Flask-SQLAlchemy 2 and 3 put a relative file in different folders"
            yield here.finding("unknown", what)
        else:
            yield from database_url(here, value, setting.owner, folder)


def _relative_to(here: Here) -> Value | None:
    """Flask-SQLAlchemy 3 joins a relative path to ``app.instance_path``, 2 to ``app.root_path``."""
    root, tree = here.fold.flask_root(), here.fold.names.codebase.tree
    major = flask_sqlalchemy_major(tree, here.fold.around.workdir)
    if root is None or major is None:
        return None
    folder = root if major < 3 else instance_folder(tree, root)
    return Value(folder) if folder is not None else None


def dict_writes(here: Here, node: cst.Dict) -> Iterator[Finding]:
    """``LOGGING`` handlers with a file, Django's ``DATABASES`` on SQLite, caches in files."""
    items = entries(node)
    if "filename" in items and ("class" in items or "()" in items):
        handler = here.value(items.get("class") or items["()"])
        if handler is None or "File" in handler.text:
            yield from here.written(here.value(items["filename"]), "logging: a handler's filename")
    if "ENGINE" in items and "NAME" in items:
        engine = here.value(items["ENGINE"])
        if engine is None or not engine.whole:
            yield here.finding("unknown", "DATABASES: the engine is not known here, and may be SQLite")
        elif engine.text.endswith(("sqlite3", "spatialite")):
            yield from sqlite(here, here.value(items["NAME"]), "DATABASES on SQLite")
    if "BACKEND" in items and "LOCATION" in items:
        backend = here.value(items["BACKEND"])
        if backend is not None and backend.text.endswith("FileBasedCache"):
            yield from here.written(here.value(items["LOCATION"]), "CACHES in files", directory=True)
