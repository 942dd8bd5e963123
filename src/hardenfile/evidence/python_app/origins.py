"""What a name can stand for: something of a library, by its dotted name, or something of the application's own."""

from dataclasses import dataclass

from .modules import Module
from .scopes import Scope

_PATH_LIKE = ("pathlib.PosixPath", "pathlib.PurePath", "pathlib.PurePosixPath", "anyio.Path", "aiopath.AsyncPath")
_PATH_STEPS = frozenset(
    {"parent", "parents[]", "resolve()", "absolute()", "expanduser()", "joinpath()", "with_name()", "with_suffix()"}
    | {"with_stem()", "iterdir()[]", "glob()[]", "rglob()[]", "relative_to()", "readlink()", "rename()", "replace()"}
)
_SAME = {
    "pathlib.Path.cwd()": "pathlib.Path()",
    "pathlib.Path.home()": "pathlib.Path()",
    "posixpath": "os.path",
    "flask.current_app": "flask.Flask()",
    "quart.current_app": "quart.Quart()",
    "flask.request.files[]": "werkzeug.datastructures.FileStorage()",
    "flask.request.files.get()": "werkzeug.datastructures.FileStorage()",
    "flask.request.files.getlist()[]": "werkzeug.datastructures.FileStorage()",
    "flask.request.files.values()[]": "werkzeug.datastructures.FileStorage()",
    "flask_wtf.file.FileField().data": "werkzeug.datastructures.FileStorage()",
    "werkzeug.FileStorage": "werkzeug.datastructures.FileStorage",
    "openpyxl.load_workbook()": "openpyxl.Workbook()",
    "tarfile.TarFile.open()": "tarfile.open()",
    "tarfile.TarFile()": "tarfile.open()",
    "environ.FileAwareEnv": "environ.Env",
    "sqlalchemy.ext.asyncio.engine.create_async_engine": "sqlalchemy.ext.asyncio.create_async_engine",
}
"""Names that stand for another: the rules are stated for one of them."""


@dataclass(frozen=True, slots=True)
class External:
    """Something of a library, the standard one too, by its dotted name."""

    dotted: str


@dataclass(frozen=True, slots=True)
class OwnModule:
    module: Module


@dataclass(frozen=True, slots=True)
class OwnFunction:
    scope: Scope
    module: Module


@dataclass(frozen=True, slots=True)
class OwnClass:
    scope: Scope
    module: Module


@dataclass(frozen=True, slots=True)
class OwnInstance:
    scope: Scope
    module: Module


Origin = External | OwnModule | OwnFunction | OwnClass | OwnInstance | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: names mean what they mean there."""

    scope: Scope
    module: Module


def external(dotted: str) -> External:
    """The external name, with what stands for the same thing made one."""
    dotted = _SAME.get(dotted, dotted)
    if dotted.startswith("pathlib.Path()."):
        step = dotted.removeprefix("pathlib.Path().")
        return External("pathlib.Path()" if step in _PATH_STEPS else dotted)
    if dotted.startswith("pandas.") and dotted.endswith((")", "]")):
        return External("pandas.DataFrame()")
    if dotted.startswith("PIL.Image.") and dotted.endswith(")"):
        return External("PIL.Image.Image()")
    return External("pathlib.Path" if dotted in _PATH_LIKE else dotted)
