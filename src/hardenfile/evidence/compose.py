"""Compose files beside a Dockerfile: how the services that build it are run."""

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hardenfile.dockerfile.source import decode

from .yaml_subset import Node, Tagged, UnreadError, read_yaml

_NAME = re.compile(r"(?:docker-)?compose[\w.-]*\.ya?ml\Z")
_SIZE = 1_000_000  # bytes
_VARIABLE = re.compile(r"\$(?:\$|\{[A-Za-z_]\w*:?-(?P<default>[^{}$]*)\}|\{[^}]*\}|[A-Za-z_]\w*)")
_UNKNOWN = "\0"
_MOST_PORTS = 100  # of one range


@dataclass(frozen=True, slots=True)
class Mount:
    """Something mounted at a container path. `kind` is "volume", "bind", "tmpfs" or another that Compose names."""

    path: str
    source: str | None
    read_only: bool
    kind: str


@dataclass(frozen=True, slots=True)
class Service:
    """A service that builds the Dockerfile. What the file leaves open, or only a variable knows, is None or absent.

    `file` is relative to the root, `ports` are the container's; `command` and `entrypoint` are as the container gets
    them, () where they are emptied. `problems` says what of the service could not be read.
    """

    file: str
    name: str
    target: str | None = None
    volumes: tuple[Mount, ...] = ()
    ports: tuple[int, ...] = ()
    user: str | None = None
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    read_only: bool = False
    tmpfs: tuple[str, ...] = ()
    cap_add: tuple[str, ...] = ()
    privileged: bool = False
    network_mode: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComposeFiles:
    """The services that build a Dockerfile, and the Compose files that could not be read."""

    services: tuple[Service, ...]
    problems: tuple[str, ...]


def read_compose(dockerfile: Path, root: Path) -> tuple[Service, ...]:
    """The services that build a Dockerfile, from the Compose files in its folder and those above it, up to `root`."""
    return read_compose_files(dockerfile, root).services


def read_compose_files(dockerfile: Path, root: Path) -> ComposeFiles:
    """As `read_compose`, with what could not be read. Never raises."""
    services: list[Service] = []
    problems: list[str] = []
    wanted = os.path.realpath(dockerfile)
    top = Path(os.path.realpath(root))
    for path in _files(Path(wanted).parent, top):
        shown = os.path.relpath(path, top)
        try:
            data = path.read_bytes() if path.stat().st_size <= _SIZE else None
            if data is None:
                problems.append(f"{shown}: more than {_SIZE} bytes, so it was not read")
                continue
            content = read_yaml(decode(data))
        except (OSError, ValueError, UnreadError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            problems.append(f"{shown}: {reason}")
            continue
        found = _mapping(_mapping(content).get("services", ""))
        for name, node in found.items():
            try:
                if _builds(_mapping(node).get("build"), path.parent, wanted):
                    services.append(_Service(_mapping(node)).read(shown, name))
            except ValueError:  # a NUL in a path
                continue
        if isinstance(content, dict) and "include" in content:
            problems.append(f"{shown}: what it includes was not read")
    return ComposeFiles(tuple(services), tuple(problems))


def _files(folder: Path, top: Path) -> Iterator[Path]:
    folders = [folder, *folder.parents]
    below = folders[: folders.index(top) + 1] if top in folders else folders[:1]
    for one in below:
        try:
            names = sorted(entry.name for entry in os.scandir(one) if entry.is_file() and _NAME.match(entry.name))
        except OSError:
            continue
        yield from (one / name for name in names)


def _mapping(node: Node | None) -> dict[str, Node]:
    """A mapping with what its merge key brings; empty for anything else."""
    if not isinstance(node, dict):
        return {}
    if "<<" not in node:
        return node
    merged = node["<<"]
    base: dict[str, Node] = {}
    for one in reversed(merged) if isinstance(merged, list) else (merged,):
        base |= _mapping(one)
    return base | {key: value for key, value in node.items() if key != "<<"}


def _text(node: Node | None) -> str | None:
    """A scalar with its variables' defaults in place; None for none, and for what only a variable knows."""
    if not isinstance(node, str) or node in ("", "null", "~"):
        return None
    text = _VARIABLE.sub(lambda match: "$" if match.group() == "$$" else match["default"] or _UNKNOWN, node)
    return None if _UNKNOWN in text else text


def _true(node: Node | None) -> bool:
    return isinstance(node, str) and node.lower() in ("true", "yes", "on")


def _builds(build: Node | None, folder: Path, wanted: str) -> bool:
    """Whether a `build:` is of the Dockerfile at a real path."""
    options = _mapping(build) if isinstance(build, dict) else {"context": build} if build else {}
    if not options or "dockerfile_inline" in options:
        return False
    context = _text(options.get("context") or ".")
    name = _text(options.get("dockerfile") or "Dockerfile")
    if context is None or name is None or re.match(r"[a-z+]+://|git@|github\.com/", context):
        return False
    return os.path.realpath(folder / context / name) == wanted


class _Service:
    """Reads one service; collects what it could not."""

    def __init__(self, options: dict[str, Node]) -> None:
        self.options = options
        self.problems: list[str] = []

    def read(self, file: str, name: str) -> Service:
        if "extends" in self.options:
            self.problems.append("what it extends was not read")
        build = _mapping(self.options.get("build"))
        service = {
            "target": self._scalar(build, "target"),
            "user": self._scalar(self.options, "user"),
            "network_mode": self._scalar(self.options, "network_mode"),
        }
        return Service(
            file=file,
            name=name,
            volumes=tuple(self._volumes()),
            ports=tuple(dict.fromkeys(self._ports())),
            command=self._command("command"),
            entrypoint=self._command("entrypoint"),
            read_only=_true(self.options.get("read_only")),
            tmpfs=tuple(text.partition(":")[0] for text in self._texts("tmpfs")),
            cap_add=tuple(self._texts("cap_add")),
            privileged=_true(self.options.get("privileged")),
            problems=tuple(self.problems),
            **service,
        )

    def _unread(self, key: str, node: Node) -> None:
        shown = node if isinstance(node, str) else f"!{node.tag}" if isinstance(node, Tagged) else "an odd value"
        self.problems.append(f"{key}: {shown} is only known at run time, or not read here")

    def _scalar(self, options: dict[str, Node], key: str) -> str | None:
        node = options.get(key, "")
        text = _text(node)
        if text is None and node not in ("", "null", "~"):
            self._unread(key, node)
        return text

    def _items(self, key: str) -> list[Node]:
        node = self.options.get(key, "")
        if isinstance(node, list):
            return node
        if key == "tmpfs" and isinstance(node, str) and node:
            return [node]
        if node not in ("", "null", "~"):
            self._unread(key, node)
        return []

    def _texts(self, key: str) -> Iterator[str]:
        for node in self._items(key):
            text = _text(node)
            if text is None:
                self._unread(key, node)
            else:
                yield text

    def _command(self, key: str) -> tuple[str, ...] | None:
        if key not in self.options:
            return None
        node = self.options[key]
        if isinstance(node, list):
            words = [_text(one) if one != "" else "" for one in node]
            if any(word is None for word in words):
                self._unread(key, node)
                return None
            return tuple(word for word in words if word is not None)
        if node in ("null", "~"):
            return None
        text = "" if node == "" else _text(node)
        try:
            if text is not None:
                return tuple(shlex.split(text))
        except ValueError:
            pass
        self._unread(key, node)
        return None

    def _volumes(self) -> Iterator[Mount]:
        for node in self._items("volumes"):
            if isinstance(node, dict):
                options = _mapping(node)
                path, source = _text(options.get("target")), _text(options.get("source"))
                kind, read_only = _text(options.get("type")) or "volume", _true(options.get("read_only"))
            else:
                # A source may be known only at run time, or have colons in `${X:-y}`: the path stands behind it.
                text = _VARIABLE.sub(lambda match: match["default"] or _UNKNOWN, node) if isinstance(node, str) else ""
                parts = text.split(":")
                read_only = len(parts) > 2 and "ro" in parts.pop().split(",")
                path, source = parts[-1], parts[-2] if len(parts) > 1 else None
                kind = "bind" if source and source.startswith((".", "/", "~", _UNKNOWN)) else "volume"
                source = None if source and _UNKNOWN in source else source
            if path and path.startswith("/") and _UNKNOWN not in path:
                yield Mount(path.rstrip("/") or "/", source, read_only, kind)
            else:
                self._unread("volumes", node)

    def _ports(self) -> Iterator[int]:
        for node in self._items("ports"):
            text = _mapping(node).get("target", "") if isinstance(node, dict) else node
            text = _VARIABLE.sub(lambda match: match["default"] or _UNKNOWN, text) if isinstance(text, str) else ""
            match = re.match(r"(\d+)(?:-(\d+))?(?:/\w+)?\Z", text.rpartition(":")[2])
            first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
            if 0 < first <= last < 65536 and last - first < _MOST_PORTS:
                yield from range(first, last + 1)
            else:
                self._unread("ports", node)
