"""Which distributions are installed, as far as the context tells, and what they need of the system."""

import fnmatch
import json
import posixpath
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from ..survey import Survey
from .installs import Install

_LINE = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(\[[\w,. -]*\])?\s*(?:[=<>~!;@ ].*)?\Z")
_PURE = re.compile(r"-none-any\.whl\Z")


@dataclass(slots=True)
class Distributions:
    """`names` are in PyPI's spelling, with their extras; `pure` are known to be Python alone by a lock file.

    `unseen` says which lists could not be read; `editable` are folders that lists name with -e.
    """

    names: set[str] = field(default_factory=set)
    pure: set[str] = field(default_factory=set)
    unseen: list[str] = field(default_factory=list)
    editable: list[str] = field(default_factory=list)


def read_distributions(survey: Survey, installs: Sequence[Install]) -> Distributions:
    """What the commands install by name, by list, by lock file, and for the project itself."""
    found = Distributions()
    for one in installs:
        for name in one.names:
            if "://" in name or name.startswith("git+"):
                found.unseen.append(name)
            else:
                found.names.add(_canonical(name))
        for path in one.files:
            _list(survey, one, path, found, set())
        if one.tool in ("pip", "uv-pip", "setup") and (one.project or one.editable):
            folder = one.editable[0] if one.editable else one.step.cwd or "/"
            _project(survey, folder, found)
    return found


def _canonical(name: str) -> str:
    bare, bracket, extras = name.partition("[")
    bare = re.sub(r"[-_.]+", "-", bare).lower()
    if not bracket:
        return bare
    return f"{bare}[{','.join(sorted(part.strip().lower() for part in extras.rstrip(']').split(',')))}]"


def read_listed(survey: Survey, one: Install, path: str) -> str | None:
    """The text of a file that a command reads: one of the image, or one that the RUN mounts; None where unseen."""
    target = posixpath.normpath(posixpath.join(one.step.cwd or "/", path))
    text = survey.text(target)
    if text is not None:
        return text
    for mount in one.step.mounts:
        parts = dict(part.partition("=")[::2] for part in mount.split(","))
        to = parts.get("target") or parts.get("dst") or parts.get("destination")
        source = parts.get("source") or parts.get("src") or "."
        if parts.get("type", "bind") != "bind" or to is None or "from" in parts:
            continue
        to = posixpath.normpath(posixpath.join(one.step.cwd or "/", to))
        if target == to or target.startswith(f"{to}/"):
            inside = posixpath.normpath(posixpath.join(source, posixpath.relpath(target, to)))
            data = survey.context.read(inside.lstrip("/"))
            return data.decode("utf-8", "replace").replace("\r\n", "\n") if data is not None else None
    return None


def _list(survey: Survey, one: Install, path: str, found: Distributions, seen: set[str]) -> None:
    text = read_listed(survey, one, path) if path and path not in seen else None
    if text is None:
        if path not in seen:
            found.unseen.append(path or "a group of requirements")
        return
    seen.add(path)
    name = posixpath.basename(path)
    try:
        if name == "poetry.lock" or name == "uv.lock":
            _lock(tomllib.loads(text), found)
        elif name == "Pipfile.lock":
            found.names |= {_canonical(one) for one in json.loads(text).get("default", {})}
        elif name == "pyproject.toml":
            _declared(tomllib.loads(text), found)
        else:
            _requirements(survey, one, path, text, found, seen)
    except (ValueError, AttributeError, TypeError, RecursionError):
        found.unseen.append(path)


def _requirements(survey: Survey, one: Install, path: str, text: str, found: Distributions, seen: set[str]) -> None:
    for line in re.sub(r"\\\n", " ", text).split("\n"):
        line = re.sub(r"(?:\A|\s)#.*", "", line).strip()
        line = re.sub(r"\s+--(?:hash|global-option|config-settings)\b.*", "", line)
        option = re.match(r"(-r|--requirement|-e|--editable|-c|--constraint)[\s=]*(\S+)", line)
        if option and option[1] in ("-r", "--requirement"):
            _list(survey, one, posixpath.join(posixpath.dirname(path), option[2]), found, seen)
        elif option and option[1] in ("-e", "--editable"):
            where = option[2].partition("[")[0]
            if re.match(r"\w+\+|https?:", where):
                found.unseen.append(where)
            else:
                found.editable.append(posixpath.normpath(posixpath.join(one.step.cwd or "/", where)))
        elif line.startswith("-") or not line or (option and option[1] in ("-c", "--constraint")):
            continue
        else:
            parsed = _LINE.match(line)
            if parsed is None or "://" in line or line.startswith("."):
                found.unseen.append(line)
            else:
                found.names.add(_canonical(parsed[1] + (parsed[2] or "")))


def _lock(lock: Mapping[str, Any], found: Distributions) -> None:
    """poetry.lock and uv.lock: all that is installed, with the names of the wheels that there are."""
    old = lock.get("metadata", {}).get("files", {})
    for package in lock.get("package", []):
        name = _canonical(package["name"])
        source = package.get("source", {})
        if "editable" in source or "virtual" in source:
            continue
        found.names.add(name)
        entries = [*package.get("files", []), *package.get("wheels", []), *old.get(package["name"], [])]
        wheels = [str(entry.get("file") or entry.get("url") or "") for entry in entries]
        if any(_PURE.search(wheel) for wheel in wheels):
            found.pure.add(name)


def _project(survey: Survey, folder: str, found: Distributions) -> None:
    text = survey.text(posixpath.join(folder, "pyproject.toml"))
    if text is not None:
        try:
            if _declared(tomllib.loads(text), found):
                return
        except (ValueError, AttributeError, TypeError):
            pass
    found.unseen.append(f"the requirements of the project in {folder}")


def _declared(project: Mapping[str, Any], found: Distributions) -> bool:
    table = project.get("project")
    if table is not None and "dependencies" not in table.get("dynamic", ()):
        for spec in table.get("dependencies", []):
            parsed = _LINE.match(spec)
            if parsed is None:
                return False
            found.names.add(_canonical(parsed[1] + (parsed[2] or "")))
        return True
    poetry = project.get("tool", {}).get("poetry", {}).get("dependencies")
    if poetry is None:
        return False
    found.names |= {_canonical(name) for name in poetry if name != "python"}
    return True


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("distributions.toml").read_text("utf-8"))


@cache
def _self_contained() -> frozenset[str]:
    return frozenset(_table()["self_contained"].split()) | frozenset(
        _canonical(one) for one in _table()["extras"].split()
    )


def sorted_out(found: Distributions) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Distributions by what they need: libraries by Debian's headers, programs and the like, and unknown ones."""
    headers: dict[str, str] = {}
    programs: dict[str, str] = {}
    unknown: list[str] = []
    table = _table()
    for name in sorted(found.names):
        bare = name.partition("[")[0]
        if name in _self_contained():
            continue
        if name in table["headers"] or (bare in table["headers"] and bare != "psycopg"):
            headers[name] = table["headers"].get(name) or table["headers"][bare]
        elif bare in table["programs"]:
            programs[name] = table["programs"][bare]
        elif bare not in found.pure and not _family(bare):
            unknown.append(name)
    return headers, programs, unknown


def all_self_contained(found: Distributions) -> bool:
    """Whether nothing that is installed needs anything that a compiler's packages bring."""
    headers, programs, unknown = sorted_out(found)
    return not (headers or programs or unknown or found.unseen)


def _family(name: str) -> bool:
    """Distributions that are Python alone, by the name that all of a kind share."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _FAMILIES)


_FAMILIES = ("types-*", "opentelemetry-*", "azure-mgmt-*", "mypy-boto3-*", "boto3-stubs*", "djangorestframework-*")


def compiling(found: Distributions) -> list[str]:
    """Distributions that run a compiler when they run."""
    return sorted({name.partition("[")[0] for name in found.names} & set(_table()["compiling"].split()))
