"""The configuration: the nearest `.hardenfile.toml` or `[tool.hardenfile]`, upwards from a Dockerfile."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .catalog import build, catalog, named
from .errors import UsageError, nearest
from .profiles import PROFILES

OWN, SHARED = ".hardenfile.toml", "pyproject.toml"
_KEYS: dict[str, type] = {
    "select": list,
    "ignore": list,
    "unsafe": bool,
    "profile": str,
    "images": dict,
    "registry": dict,
    "bot": dict,
}
_TAKES = {list: "a list of texts", str: "a text", bool: "true or false", dict: "a table"}


@dataclass(frozen=True)
class Config:
    """What a configuration file says; `path` is None where there is none.

    `options` are those of the transforms by id; `images` are rows to add to what is known of base images; `mirrors`
    are asked before a registry, and `insecure` hosts may be asked without TLS, or with a certificate nobody checks;
    `bot` is what `hardenfile bot` reads, and judges.
    """

    path: Path | None = None
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    unsafe: bool = False
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    images: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    mirrors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    insecure: tuple[str, ...] = ()
    bot: Mapping[str, Any] = field(default_factory=dict)
    profile: str | None = None


def nearest_config(folder: Path, known: dict[Path, Config] | None = None) -> Config:
    """The configuration that holds in a folder; `known` keeps it for the next. Raises UsageError when it is wrong."""
    known = {} if known is None else known
    folder = folder.resolve()
    for parent in (folder, *folder.parents):
        found = known.get(parent) or _in(parent)
        if found is not None:
            known[folder] = known[parent] = found
            return found
    known[folder] = Config()
    return known[folder]


def read_config(path: Path) -> Config:
    """The configuration in one file. Raises UsageError when it is wrong or not there, or says nothing of hardenfile."""
    try:
        data = _table(path, path.read_bytes())
    except OSError as error:
        raise UsageError(f"--config {path}: cannot be read: {error.strerror}") from error
    if data is None:
        raise UsageError(f"--config {path}: there is no [tool.hardenfile] in it")
    return _config(path, data)


def _in(folder: Path) -> Config | None:
    """The configuration in a folder, where one is."""
    for path in (folder / OWN, folder / SHARED):
        try:
            text = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            continue
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
        # Another tool's file, and its faults are not ours to report.
        if path.name == SHARED and b"hardenfile" not in text:
            continue
        if (data := _table(path, text)) is not None:
            return _config(path, data)
    return None


def _table(path: Path, text: bytes) -> Any:
    """What a file says of hardenfile, None where it is a pyproject.toml that says nothing."""
    try:
        data = tomllib.loads(text.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8: save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: is no TOML: {error}") from error
    if path.name != SHARED:
        return data
    tool = data.get("tool")
    return tool.get("hardenfile") if isinstance(tool, dict) else None


def _config(path: Path, data: Any) -> Config:
    try:
        if not isinstance(data, dict):
            raise UsageError(f"tool.hardenfile takes a table, not {data!r}")
        for key, value in data.items():
            _check(key, value)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    select = data.get("select")
    return Config(
        path,
        None if select is None else tuple(select),
        tuple(data.get("ignore", ())),
        data.get("unsafe", False),
        {key: value for key, value in data.items() if key in catalog()},
        data.get("images", {}),
        {name: tuple(mirrors) for name, mirrors in data.get("registry", {}).get("mirrors", {}).items()},
        tuple(data.get("registry", {}).get("insecure", ())),
        data.get("bot", {}),
        data.get("profile"),
    )


def _check(key: str, value: Any) -> None:
    """Raises UsageError for a key that nobody knows, and for a value that it does not take."""
    kind = dict if key in catalog() else _KEYS.get(key)
    if kind is None:
        raise UsageError(f"unknown key {nearest(key, (*_KEYS, *catalog()))}")
    if not _fits(value, kind):
        raise UsageError(f"{key} takes {_TAKES[kind]}, not {value!r}")
    if key in catalog():
        build(catalog()[key], value)
    elif kind is list:
        for name in value:
            try:
                named(name)
            except UsageError as error:
                raise UsageError(f"{key}: {error}") from error
    elif key == "profile":
        if value not in PROFILES:
            raise UsageError(f"profile: no profile is called {nearest(value, PROFILES)}")
    elif key == "registry":
        _check_registry(value)
    elif key == "images":
        from .evidence.images import Images

        for image, row in value.items():
            if not isinstance(row, dict):
                raise UsageError(f'images."{image}" takes a table, not {row!r}')
        Images(value)


def _check_registry(table: Mapping[str, Any]) -> None:
    for key, value in table.items():
        if key == "mirrors":
            if not (isinstance(value, dict) and all(_fits(one, list) for one in value.values())):
                raise UsageError("registry.mirrors takes lists of mirrors by registry")  # they may hold passwords
        elif key != "insecure":
            raise UsageError(f"registry: unknown key {nearest(key, ('mirrors', 'insecure'))}")
        elif not _fits(value, list):
            raise UsageError(f"registry.insecure takes a list of texts, not {value!r}")


def _fits(value: object, kind: type) -> bool:
    if isinstance(value, list):
        return kind is list and all(isinstance(one, str) for one in value)
    return isinstance(value, kind)
