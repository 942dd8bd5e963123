"""What a package of a build is for, and which library it leaves for the run: packages.toml, looked up."""

import fnmatch
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from hardenfile.evidence.reference import ImageReference

_CODENAME = re.compile(r"(?:\A|[-_])(trixie|bookworm|bullseye|buster|stretch|noble|jammy|focal|bionic)(?:[-_.]|\Z)")
_NUMBERED = {"13": "trixie", "12": "bookworm", "11": "bullseye", "10": "buster", "9": "stretch"}
_HEADERS = re.compile(r".*-(?:dev|devel|headers)\Z|.*-static\Z")


@cache
def _table() -> Mapping[str, Any]:
    package = __package__ or "hardenfile.transforms.split_stages"
    return tomllib.loads(files(package).joinpath("packages.toml").read_text("utf-8"))


def is_tool(name: str) -> bool:
    """Whether a package is a compiler, or of use to one alone."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _table()["tools"])


def left_by(name: str, manager: str) -> tuple[str, ...]:
    """The libraries that what a compiler made keeps using: by the compiler's package and the manager (apt, apk)."""
    rows: Mapping[str, str] = _table()["left_by_tools"].get(manager, {})
    return tuple(rows.get(name, "").split())


def is_header(name: str) -> bool:
    """Whether a package is there for compiling against a library."""
    return _HEADERS.match(name) is not None


def interpreter_of(name: str) -> str:
    """The language whose own headers a package is (`python`); empty where it is none's."""
    for language, patterns in _table()["interpreters"].items():
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns.split()):
            return str(language)
    return ""


def libraries(headers: str, family: str, release: str) -> tuple[str, ...] | None:
    """The run-time libraries of a package of headers in a release of a distribution; None where they are not known.

    `release` is a codename of Debian, a number of Alpine (`3.20`), or empty where it is not known: what all the listed
    releases have in common is known all the same.
    """
    row = _table().get(family, {}).get(headers)
    if row is None or isinstance(row, str):
        return None if row is None else tuple(row.split())
    if family == "alpine":
        since = [number for number in row if release and _number(number) <= _number(release)]
        return tuple(row[max(since, key=_number)].split()) if since else None
    return tuple(row[release].split()) if release in row else None


def may_stay(headers: str, family: str) -> bool:
    """Whether headers are listed, and may be installed in a final stage without a compiler coming along."""
    listed = headers in _table().get("debian" if family == "ubuntu" else family, {})
    return listed and headers not in _table()["brings_compiler"]["apt"].split()


def _number(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())


def release_of(reference: ImageReference, family: str) -> str:
    """The release of its distribution that an image's tag names; empty where it names none."""
    tag = reference.tag or ""
    if family == "alpine":
        found = re.search(r"alpine(\d+\.\d+)", tag)
        if found:
            return found[1]
        own = re.match(r"(\d+\.\d+)(?:\.\d+)?\Z", tag) if reference.name.endswith("/alpine") else None
        return own[1] if own else ""
    named = _CODENAME.search(tag)
    if named:
        return named[1]
    if reference.name.endswith("/debian"):
        return _NUMBERED.get(re.split(r"[.-]", tag)[0], "")
    return ""
