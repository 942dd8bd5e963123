"""Calls that write files: what is opened, made, moved, saved, logged to, and the databases in a file."""

import re
from collections.abc import Iterator

import libcst as cst

from .model import FILE_LIMIT, Finding
from .origins import External, OwnFunction
from .reading import Here
from .rules import DICT_CONFIG, FILE_CONFIG, UNSEEN_CODE
from .syntax import argument, show
from .values import HOLE, Value, joined, part_of_path
from .write_rules import BUFFERS, DATABASE_FILES, RECEIVER, SQL_URLS, TEMPORARY, UNMISTAKABLE, WRITES, Write

_MODE = re.compile(r"[rwaxbtU+]{1,4}")
_WRITES_FLAGS = frozenset({"O_WRONLY", "O_RDWR", "O_CREAT", "O_APPEND", "O_TRUNC", "O_TMPFILE"})
_READS_FLAGS = frozenset({"O_RDONLY", "O_CLOEXEC", "O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "O_BINARY", "O_PATH"})
_TELLING = ("to_", "write_", "save")
"""How methods begin that write even on an object of a library that no rule names."""
_SHARED = frozenset({"mkdir", "touch", "unlink", "rmdir"})
"""Methods of paths, without a path among the arguments; ``sftp.mkdir(path)`` and ``cache.touch(key)`` have one."""
_RECORDS = ("django.", "rest_framework.", "mongoengine.", "peewee.", "tortoise.", "wtforms.", "odmantic.")
"""Libraries whose ``save`` goes to a database or storage that is configured elsewhere."""
_SQLITE_URL = re.compile(r"sqlite(?:\+\w+)?://(?P<path>[^?#]*)")
_OTHER_URL = re.compile(r"(?!sqlite)[a-z][a-z0-9]*(?:\+[^:]*)?:")


def writes(here: Here, call: cst.Call, dotted: str) -> Iterator[Finding]:
    """What one call writes, by the dotted name of what it calls (empty where that is not known)."""
    if dotted in WRITES:
        yield from _by_rule(here, call, WRITES[dotted], _phrase(dotted))
    elif dotted == "os.open":
        yield from _os_open(here, call)
    elif dotted in DATABASE_FILES:
        yield from _database_file(here, call, dotted)
    elif dotted in SQL_URLS:
        yield from _database_url(here, call, dotted)
    elif dotted in (DICT_CONFIG, FILE_CONFIG):
        yield from _logging_configuration(here, call, dotted)
    elif dotted in UNSEEN_CODE:
        yield here.finding("unknown", f"{_phrase(dotted)}: runs code that is not read here")
    elif dotted in TEMPORARY:
        folder = argument(call, 99, "dir")
        base = here.value(folder) if folder is not None else here.fold.around.temp_folder
        yield from here.written(base, dotted, directory=True)
    elif isinstance(call.func, cst.Attribute):
        origin = here.origin(call.func)
        if origin is None or isinstance(origin, External):
            yield from _by_method_name(here, call, call.func, dotted)


def _phrase(dotted: str) -> str:
    return dotted.removeprefix("builtins.").replace("().", ".")


def _by_rule(here: Here, call: cst.Call, rule: Write, what: str) -> Iterator[Finding]:
    if rule.mode is not None:
        position, keyword, default = rule.mode
        node = argument(call, position, keyword)
        mode = here.value(node) if node is not None else None if _has_stars(call) else Value(default)
        if mode is None or not mode.whole:
            yield here.finding("unknown", f"{what}: the mode is not known here")
            return
        if not set(re.split("[:|]", mode.text)[0]) & set("wax+cn"):
            return
        what = f"{what}(…, {mode.text!r})" if node is not None else what
    for position, keyword in rule.at:
        node = _place_of(call, position, keyword)
        if node is None:
            if rule.default is not None:
                yield from here.written(Value(rule.default), what, directory=rule.directory)
            elif _has_stars(call):
                yield here.finding("unknown", f"{what}: its arguments are not known here")
        elif not _is_no_path(here, node):
            yield from here.written(here.value(node), what, directory=rule.directory)


def _place_of(call: cst.Call, position: int, keyword: str) -> cst.BaseExpression | None:
    if position == RECEIVER:
        return call.func.value if isinstance(call.func, cst.Attribute) else None
    return argument(call, position, keyword)


def _has_stars(call: cst.Call) -> bool:
    return any(arg.star for arg in call.args)


def _is_no_path(here: Here, node: cst.BaseExpression) -> bool:
    """An open file, a buffer, a descriptor, a function to log to."""
    match here.origin(node):
        case External(dotted):
            return dotted in BUFFERS or dotted.endswith(".fileno()") or isinstance(node, cst.Integer)
        case OwnFunction():
            return not isinstance(node, cst.Call)
    return isinstance(node, cst.Lambda) or (isinstance(node, cst.Name) and node.value == "None")


def _by_method_name(here: Here, call: cst.Call, function: cst.Attribute, dotted: str) -> Iterator[Finding]:
    """A method of an object that is not known, or that no rule knows."""
    name = function.attr.value
    what = f"{show(function)}()"
    positional = [arg.value for arg in call.args if arg.keyword is None and not arg.star]
    if name in UNMISTAKABLE:
        has_path = any(not isinstance(node, cst.Integer) for node in positional)
        if name.startswith(_TELLING) or (not dotted and not (name in _SHARED and has_path)):
            yield from _by_rule(here, call, UNMISTAKABLE[name], what)
    elif name == "open":
        yield from _some_open(here, call, function, what, positional, dotted)
    elif name == "save" and positional and not dotted.startswith(_RECORDS):
        if not _is_no_path(here, positional[0]) and not isinstance(positional[0], cst.Dict):
            spot = here.fold.around.spot(here.value(positional[0]))
            yield here.finding(
                "unknown",
                f"{what}: whether it writes a file is not known here",
                spot.path if spot is not None else None,
            )
    elif name in ("replace", "rename") and not dotted and _moves(call):
        yield here.finding("unknown", f"{what}: whether it moves a file is not known here")


def _moves(call: cst.Call) -> bool:
    """Whether the arguments may be those of ``Path.rename``: one, neither named nor a plain text or table."""
    return len(call.args) == 1 and not (
        call.args[0].keyword or call.args[0].star or isinstance(call.args[0].value, (cst.Dict, cst.SimpleString))
    )


def _some_open(
    here: Here, call: cst.Call, function: cst.Attribute, what: str, positional: list[cst.BaseExpression], dotted: str
) -> Iterator[Finding]:
    """``path.open("w")`` and ``storage.open(name, "w")``: which it is shows in where the mode stands."""
    if dotted.startswith(("zipfile.", "tarfile.", "webbrowser.")):
        return
    keyword = argument(call, 99, "mode")
    candidates = [keyword] if keyword is not None else positional[1:2] if dotted else positional[:2]
    modes = [
        value.text for node in candidates if (value := here.value(node)) is not None and _MODE.fullmatch(value.text)
    ]
    if not any(set(mode) & set("wax+") for mode in modes):
        return
    receiver = here.value(function.value)
    if len(positional) + (keyword is not None) == 1 and receiver is not None and not dotted:
        yield from here.written(receiver, what)
    else:
        yield here.finding("unknown", f"{what}: opens something for writing that is not known here")


def _logging_configuration(here: Here, call: cst.Call, dotted: str) -> Iterator[Finding]:
    """A dictionary in the source is read where it stands; one from elsewhere, or a file, may name any log file."""
    node = argument(call, 0, "config" if dotted == DICT_CONFIG else "fname")
    if dotted == DICT_CONFIG:
        if node is None or here.origin(node) != External("builtins.dict()"):
            yield here.finding("unknown", f"{dotted}: the configuration is not in the source, and may name log files")
        return
    spot = here.fold.around.spot(here.value(node) if node is not None else None)
    tree = here.fold.names.codebase.tree
    content = tree.read(spot.path, FILE_LIMIT) if spot is not None and tree.exists(spot.path) else None
    if content is None or b"FileHandler" in content:
        yield here.finding("unknown", f"{dotted}: the file may name log files")


def _os_open(here: Here, call: cst.Call) -> Iterator[Finding]:
    flags = argument(call, 1, "flags")
    names = set(_flags(flags)) if flags is not None else {""}
    if names & _WRITES_FLAGS:
        path = argument(call, 0, "path")
        yield from here.written(here.value(path) if path is not None else None, "os.open for writing")
    elif not names <= _READS_FLAGS:
        yield here.finding("unknown", "os.open: the flags are not known here")


def _flags(node: cst.BaseExpression) -> Iterator[str]:
    match node:
        case cst.BinaryOperation(operator=cst.BitOr()):
            yield from _flags(node.left)
            yield from _flags(node.right)
        case cst.Attribute():
            yield node.attr.value
        case cst.Name():
            yield node.value
        case _:
            yield ""


def _database_file(here: Here, call: cst.Call, dotted: str) -> Iterator[Finding]:
    node = argument(call, *DATABASE_FILES[dotted])
    value = here.value(node) if node is not None else None
    if value is not None and value.text.startswith("file:"):
        name, _, query = value.text.removeprefix("file:").partition("?")
        if "mode=memory" in query or "mode=ro" in query:
            return
        value = value.with_text(name)
    yield from sqlite(here, value, dotted)


def sqlite(here: Here, value: Value | None, what: str) -> Iterator[Finding]:
    """A database file, and the folder that it lies in: a journal is kept there while it is written."""
    if value is not None and value.text in (":memory:", ""):
        return
    yield from here.written(value, what)
    if value is not None and value.whole:
        folder = part_of_path(value, "parent")
        yield from here.written(folder, f"{what}: a journal is kept beside the file", directory=True)


def _database_url(here: Here, call: cst.Call, dotted: str) -> Iterator[Finding]:
    position, keyword = SQL_URLS[dotted]
    node = argument(call, position, keyword)
    if dotted in ("dj_database_url.config", "environ.Env().db"):
        named = here.value(call.args[0].value) if call.args and call.args[0].keyword is None else None
        variable = named.text if named is not None else "DATABASE_URL"
        if variable in here.fold.around.env:
            yield from database_url(here, here.fold.around.variable(variable), dotted)
            return
    if node is not None and isinstance(node, cst.Call) and here.called(node).endswith("URL.create"):
        driver = argument(node, 0, "drivername")
        value = here.value(driver) if driver is not None else None
        if value is not None and not value.text.startswith(("sqlite", HOLE)):
            return
    yield from database_url(here, here.value(node) if node is not None else None, dotted)


def database_url(here: Here, value: Value | None, what: str, folder: Value | None = None) -> Iterator[Finding]:
    """A URL of SQLAlchemy's form; a relative path lies in ``folder``, or in the working folder."""
    if value is None or value.text.startswith(HOLE):
        yield here.finding("unknown", f"{what}: the database is not known here, and may be a file")
        return
    match = _SQLITE_URL.match(value.text)
    if match is None:
        if not _OTHER_URL.match(value.text):
            yield here.finding("unknown", f"{what}: the database is not known here, and may be a file")
        return
    path = value.with_text(match["path"].removeprefix("/"))
    if path.text.startswith("file:"):
        yield here.finding("unknown", f"{what}: an SQLite URI within the URL is not read")
    else:
        within = folder is not None and path.text not in ("", ":memory:")
        yield from sqlite(here, joined([folder, path]) if within and folder is not None else path, what)
