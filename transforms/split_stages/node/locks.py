"""The packages that a lock file of npm, Yarn or pnpm lists."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# By precedence: npm takes its shrinkwrap before its lock file; with several, the image's own manager is not asked.
LOCKS = ("npm-shrinkwrap.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml")


@dataclass(frozen=True, slots=True)
class Package:
    """One package. `dev`: only devDependencies lead to it. `bins` are the programs that it brings, None where the lock
    file does not say. `builds`: it runs a script when it is installed, None where the lock file does not say."""

    name: str
    dev: bool
    bins: frozenset[str] | None
    builds: bool | None
    needs: frozenset[str]
    peers: frozenset[str]


def read_lock(name: str, text: str) -> tuple[Package, ...] | None:
    """The packages of a lock file, by its file name; None where it cannot be read."""
    if name.endswith(".json"):
        return _npm(text)
    return tuple(_yarn(text) if name == "yarn.lock" else _pnpm(text))


def _npm(text: str) -> tuple[Package, ...] | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    if isinstance(data.get("packages"), dict):
        return tuple(_modern(data["packages"]))
    if isinstance(data.get("dependencies"), dict):
        return tuple(_first(data["dependencies"]))
    return () if "lockfileVersion" in data else None


def _modern(packages: Mapping[str, object]) -> Iterator[Package]:
    """Lock files of npm 7 and later: one flat table of paths (docs.npmjs.com, "package-lock.json")."""
    for path, entry in packages.items():
        if "node_modules/" not in path or not isinstance(entry, dict):
            continue
        name = entry.get("name") if isinstance(entry.get("name"), str) else path.rpartition("node_modules/")[2]
        bins = entry.get("bin")
        names = frozenset(bins) if isinstance(bins, dict) else frozenset()
        if isinstance(bins, str):
            names = frozenset((str(name).rpartition("/")[2],))
        yield Package(
            str(name),
            bool(entry.get("dev")),
            names,
            bool(entry.get("hasInstallScript")),
            _keys(entry, "dependencies") | _keys(entry, "optionalDependencies"),
            _keys(entry, "peerDependencies"),
        )


def _first(packages: Mapping[str, object]) -> Iterator[Package]:
    """Lock files of npm 5 and 6: a tree; they do not tell programs or scripts."""
    ahead = list(packages.items())
    while ahead:
        name, entry = ahead.pop()
        if not isinstance(entry, dict):
            continue
        yield Package(name, bool(entry.get("dev")), None, None, _keys(entry, "requires"), frozenset())
        inner = entry.get("dependencies")
        if isinstance(inner, dict):
            ahead += inner.items()


def _keys(entry: Mapping[str, object], key: str) -> frozenset[str]:
    table = entry.get(key)
    return frozenset(table) if isinstance(table, dict) else frozenset()


_YARN_HEAD = re.compile(r'"?((?:@[^@/\s"]+/)?[^@/\s",]+)@')
_NEED = re.compile(r'\s+"?((?:@[\w.-]+/)?[\w.-]+)"?:?\s+\S')


def _yarn(text: str) -> Iterator[Package]:
    """yarn.lock of every version: an entry's head at the line's start, its dependencies four blanks in."""
    name, section, needs = "", "", set[str]()
    for line in [*text.split("\n"), "end"]:
        if not line or line.startswith("#"):
            continue
        if not line.startswith(" "):
            if name:
                yield Package(name, False, None, None, frozenset(needs), frozenset())
            head = _YARN_HEAD.match(line)
            name, section, needs = head[1] if head else "", "", set()
        elif not line.startswith("   "):
            section = line.strip().rstrip(":")
        elif section in ("dependencies", "optionalDependencies") and (found := _NEED.match(line)):
            needs.add(found[1])


_PNPM_HEAD = re.compile(r"  '?/?((?:@[^@/\s']+/)?[^@/\s'(]+)[@/][^:\s]*?'?:\s*\Z")


def _pnpm(text: str) -> Iterator[Package]:
    """pnpm-lock.yaml of every version: entries two blanks in below `packages:` and `snapshots:`."""
    part, name, section = "", "", ""
    needs: set[str] = set()
    builds: bool | None = None
    version = re.search(r"lockfileVersion:\s*'?(\d+)", text)
    told = version is not None and int(version[1]) < 9  # later ones do not say what runs a script
    for line in [*text.split("\n"), "end:"]:
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip(" "))
        if indent <= 2 and name:
            yield Package(name, False, None, builds, frozenset(needs), frozenset())
            name = ""
        if indent == 0:
            part = line.rstrip(":")
        elif indent == 2 and part in ("packages", "snapshots"):
            head = _PNPM_HEAD.match(line.rstrip().removesuffix(" {}"))
            name, section, needs = head[1] if head else "", "", set()
            builds = False if told else None
        elif indent == 4:
            key, _, value = line.strip().partition(":")
            section = key
            if key == "requiresBuild" and value.strip() == "true":
                builds = True
        elif indent == 6 and section in ("dependencies", "optionalDependencies"):
            needs.add(line.strip().partition(":")[0].strip("'\""))
