"""What package.json and the lock file beside it say: scripts, dependencies, and what their installation needs."""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..split import Unfit
from ..survey import Survey
from .locks import LOCKS, Package, read_lock

# Scripts that the package manager runs by itself when it installs the project (docs.npmjs.com, "scripts").
LIFECYCLE = ("preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare", "prepublish")
_BERRY = re.compile(r"yarn@(?:[2-9]|\d\d)")


@dataclass(frozen=True)
class Project:
    """A folder of the image with a package.json. `lock` is the name of the lock file, empty where none was read;
    `packages` are those that it lists."""

    folder: str
    path: str
    scripts: Mapping[str, str]
    dependencies: frozenset[str]
    optional: frozenset[str]
    development: frozenset[str]
    local: bool
    berry: bool
    lock: str
    packages: tuple[Package, ...]

    @cached_property
    def lifecycle(self) -> tuple[str, ...]:
        """The scripts that an installation runs."""
        return tuple(name for name in LIFECYCLE if name in self.scripts)

    @cached_property
    def production(self) -> frozenset[str]:
        """The names of the packages that an installation without devDependencies holds, as far as they are known."""
        listed = {one.name for one in self.packages if not one.dev}
        if not self.lock.startswith(("package-lock", "npm-shrinkwrap")):
            listed = self._reached()
        return frozenset(listed | self.dependencies | self.optional)

    def _reached(self) -> set[str]:
        """What the dependencies depend on, by name: several versions of one name count as one."""
        needs: dict[str, set[str]] = {}
        for one in self.packages:
            needs.setdefault(one.name, set()).update(one.needs)
        found: set[str] = set()
        ahead = [*self.dependencies, *self.optional]
        while ahead:
            name = ahead.pop()
            if name not in found:
                found.add(name)
                ahead += needs.get(name, ())
        return found

    def installed(self, *, development: bool) -> Iterator[Package]:
        """The packages of the lock file that are in the image."""
        return (one for one in self.packages if development or one.name in self.production)


def read_project(survey: Survey, folder: str) -> Project:
    """What the context has for a folder of the image. Raises Unfit where there is no package.json."""
    path = posixpath.join(folder, "package.json")
    text = survey.text(path)
    source = survey.layout.source_of(path)
    try:
        data = json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise Unfit("no-manifest", f"no package.json for {folder} is in the context, so what is installed is not known")
    locks = {name: survey.text(posixpath.join(folder, name)) for name in LOCKS}
    lock = next((name for name, content in locks.items() if content is not None), "")
    packages = read_lock(lock, locks[lock] or "") if lock else ()
    manager = data.get("packageManager")
    settings = survey.text(posixpath.join(folder, ".yarnrc.yml"))
    berry = (
        "__metadata:" in (locks.get("yarn.lock") or "")[:400]
        or bool(_BERRY.match(manager) if isinstance(manager, str) else None)
        or settings is not None
    )
    if berry and not re.search(r"^nodeLinker:\s*[\"']?(?:node-modules|pnpm)\b", settings or "", re.MULTILINE):
        raise Unfit("artefact", f"Yarn's Plug'n'Play may keep the packages of {source} outside of its folder")
    tables = {key: _table(data, key) for key in ("dependencies", "devDependencies", "optionalDependencies")}
    references = [value for table in tables.values() for value in table.values()]
    return Project(
        folder,
        source,
        _table(data, "scripts"),
        frozenset(tables["dependencies"]),
        frozenset(tables["optionalDependencies"]),
        frozenset(tables["devDependencies"]) - frozenset(tables["dependencies"]),
        "workspaces" in data or any(re.match(r"(?:file|link|portal|workspace):|[./~]", one) for one in references),
        berry,
        lock if packages is not None else "",
        packages or (),
    )


def _table(data: Mapping[str, object], key: str) -> dict[str, str]:
    table = data.get(key)
    if not isinstance(table, dict):
        return {}
    return {name: value for name, value in table.items() if isinstance(name, str) and isinstance(value, str)}
