"""The programs that Cargo builds, by the Cargo.toml files of the context."""

import fnmatch
import posixpath
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..split import Unfit
from ..survey import Survey


@dataclass(frozen=True, slots=True)
class Package:
    """One package: the folder that it lies in, its name, and the programs that it makes."""

    folder: str
    name: str
    programs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workspace:
    """The packages that one build sees. `root` is the folder whose `target` they share."""

    root: str
    packages: tuple[Package, ...]
    manifest: str

    def programs(self, package: str = "") -> tuple[str, ...]:
        """The programs of a package, or of all."""
        return tuple(name for one in self.packages if package in ("", one.name) for name in one.programs)


def read_workspace(survey: Survey, folder: str) -> Workspace | None:
    """The package or workspace that is built in a folder; None where the context does not hold it."""
    own = _table(survey, posixpath.join(folder, "Cargo.toml"))
    if own is None:
        return None
    root, table = folder, own
    above = folder
    while "workspace" not in own and above != "/":
        above = posixpath.dirname(above)
        found = _table(survey, posixpath.join(above, "Cargo.toml"))
        if found is not None and "workspace" in found:
            root, table = above, found
            break
    packages = [one for one in [_package(survey, root, table)] if one is not None]
    workspace = table.get("workspace")
    if isinstance(workspace, dict):
        members = workspace.get("members", [])
        for path in _members(survey, root, members if isinstance(members, list) else []):
            member = _table(survey, posixpath.join(path, "Cargo.toml"))
            one = _package(survey, path, member) if member is not None else None
            if one is not None:
                packages.append(one)
    return Workspace(root, tuple(packages), survey.layout.source_of(posixpath.join(root, "Cargo.toml")))


def _table(survey: Survey, path: str) -> Mapping[str, Any] | None:
    text = survey.text(path)
    if text is None:
        return None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unfit("artefact", f"{survey.layout.source_of(path)} is no TOML: {error}") from error


def _members(survey: Survey, root: str, members: list[Any]) -> Iterator[str]:
    for member in members:
        if not isinstance(member, str):
            continue
        path = posixpath.normpath(posixpath.join(root, member))
        if "*" not in member:
            yield path
            continue
        for file, _ in survey.files:
            if posixpath.basename(file) == "Cargo.toml" and fnmatch.fnmatchcase(posixpath.dirname(file), path):
                yield posixpath.dirname(file)


def _package(survey: Survey, folder: str, table: Mapping[str, Any]) -> Package | None:
    package = table.get("package")
    if not isinstance(package, dict) or not isinstance(package.get("name"), str):
        return None
    name = package["name"]
    programs: dict[str, None] = {}
    taken: set[str] = set()
    for one in table.get("bin", ()):
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            programs[one["name"]] = None
            taken.add(posixpath.normpath(str(one.get("path", f"src/bin/{one['name']}.rs"))))
    if package.get("autobins", True) is not False:
        for path, _ in survey.files:
            if not path.startswith(f"{folder.rstrip('/')}/src/"):
                continue
            below = posixpath.relpath(path, folder)
            if below == "src/main.rs" and below not in taken:
                programs[name] = None
            elif below.startswith("src/bin/") and below not in taken:
                parts = below.split("/")
                if len(parts) == 3 and parts[2].endswith(".rs"):
                    programs[parts[2][: -len(".rs")]] = None
                elif len(parts) == 4 and parts[3] == "main.rs":
                    programs[parts[2]] = None
    return Package(folder, name, tuple(programs))
