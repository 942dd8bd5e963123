"""The build context as a builder sees it: what a source names, what is in it, and what ADD would unpack."""

import os
import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from hardenfile.dockerfile.source import decode

from .archive import HEAD_SIZE, archive_by_name, archive_format
from .globs import Glob, below_root, is_glob
from .ignore import Ignore
from .tree import LIMIT, Entry, Tree

__all__ = ["BuildContext", "Entry", "FoundContext", "archive_by_name", "find_context", "is_glob", "is_remote"]

_Found = TypeVar("_Found")
_IGNORE_SIZE = 100_000  # bytes; each path is held against every line
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[A-Za-z0-9_-]+@[A-Za-z0-9.-]+:[^\n]*\Z")


class BuildContext:
    """A folder that is sent to a builder, without what its .dockerignore keeps out.

    `<dockerfile>.dockerignore` beside the Dockerfile goes before the root's own, as in BuildKit; the legacy builder
    knows only the latter. Links are followed as if the root were `/`, so nothing outside is ever read. `problems` says
    each thing once that could not be seen or made no sense: folders, files, links, lines of the .dockerignore.

    No method raises; each takes any string for a path, and what is not in the context is simply not found.
    """

    def __init__(self, root: Path, dockerfile: Path | None = None) -> None:
        self.root = root
        self.dockerfile = dockerfile
        self.problems: list[str] = []
        self._once: dict[Hashable, Any] = {}
        self._noted: set[str] = set()
        self._ignore = Ignore("")
        self._tree = Tree(root, lambda path: self._ignore.excludes(path), self._note)
        self.ignore_file: Path | None = None
        self._ignore = self._read_ignore(dockerfile)

    def match(self, source: str) -> tuple[Entry, ...]:
        """What a COPY or ADD source names, flags gone and variables expanded; () when nothing.

        Links are followed: `path` is the link's, the rest that of what it leads to. A folder counts as one entry;
        builders do not look for more matches of a pattern inside a folder that matched.
        """
        named = below_root(source)
        if not is_glob(named):
            entry = self._named(named)
            return (entry,) if entry else ()
        parts = named.split("/")
        first = next(at for at, part in enumerate(parts) if is_glob(part))
        try:
            glob = Glob("/".join(parts[first:]))
        except ValueError:
            return ()
        folder = self._named("/".join(parts[:first]))
        base = self._tree.resolve(folder.path) if folder and folder.kind == "directory" else None
        if base is None:
            return ()
        start = len(base) + 1 if base else 0

        def goes_on(entry: Entry) -> bool:
            below = entry.path[start:]
            return below.count("/") < glob.slashes and not glob.matches(below)

        hits = [one.path for one in self._visit(base, LIMIT, goes_on) if glob.matches(one.path[start:])]
        return tuple(entry for path in sorted(hits) if (entry := self._named(path)))

    def walk(self, path: str = "", limit: int = LIMIT) -> Iterator[Entry]:
        """All but the folders under a folder, sorted; a file is its own walk. Links inside are not followed, like COPY.

        After `limit` entries, with those that are excluded, a problem is noted and the walk ends.
        """
        top = self._named(below_root(path))
        real = self._tree.resolve(top.path) if top else None
        if top is None or real is None:
            return
        if top.kind != "directory":
            yield top
            return
        for entry in self._visit(real, limit, lambda _: True):
            if entry.kind == "directory":
                continue
            if real != top.path:
                entry = replace(entry, path=f"{top.path}/{entry.path[len(real) :].lstrip('/')}")
            yield entry

    def read(self, path: str, limit: int = 1_000_000) -> bytes | None:
        """A regular file's content; None when it has more bytes than `limit`, and when there is none to read."""
        found = self._found(below_root(path))
        if found is None or found[1].kind != "file" or found[1].size > limit:
            return None
        content = self._tree.read(found[0], limit + 1)
        return None if content is None or len(content) > limit else content

    def archive(self, path: str) -> str | None:
        """What ADD might unpack a file as, by its first bytes; None when it copies it, or there is no such file.

        The names are those of `archive_format`; "unknown" also stands for a file that cannot be read. Ask it of the
        files that `match` gives: builders never unpack what is inside of a folder.
        """
        found = self._found(below_root(path))
        if found is None or found[1].kind != "file":
            return None
        head = self._tree.read(found[0], HEAD_SIZE)
        return "unknown" if head is None else archive_format(head)

    def once(self, key: Hashable, read: Callable[[], _Found]) -> _Found:
        """What a look through the content finds, which is taken for each key only once: all of it can be a lot."""
        if key not in self._once:
            self._once[key] = read()
        found: _Found = self._once[key]
        return found

    def excluded(self, path: str) -> bool:
        """Whether the .dockerignore keeps a path out; of a folder, some things inside may come in all the same."""
        return self._ignore.excludes(below_root(path))

    def _named(self, path: str) -> Entry | None:
        """What a clean path leads to, under its own name."""
        found = self._found(path)
        return found and (found[1] if found[0] == path else replace(found[1], path=path))

    def _found(self, path: str) -> tuple[str, Entry] | None:
        """What a clean path leads to, and where that is."""
        real = self._tree.resolve(path)
        entry = None if real is None else self._tree.entry(real)
        if real is None or entry is None:
            return None
        if self._ignore.excludes(real):
            inside = self._visit(real, LIMIT, lambda _: True) if entry.kind == "directory" else iter(())
            if all(self._ignore.excludes(one.path) for one in inside):
                return None
        return real, entry

    def _visit(self, folder: str, limit: int, goes_on: Callable[[Entry], bool]) -> Iterator[Entry]:
        """What is under a folder, sorted, with the excluded folders in which something may come back in."""
        levels = [iter(self._tree.listing(folder))]
        while levels:
            entry = next(levels[-1], None)
            if entry is None:
                levels.pop()
                continue
            if limit <= 0:
                self._note(f"{folder or '.'}: too many entries, not all were looked at")
                return
            limit -= 1
            is_folder = entry.kind == "directory"
            if self._ignore.excludes(entry.path) and not (is_folder and self._ignore.opens(entry.path)):
                continue
            yield entry
            if is_folder and goes_on(entry):
                levels.append(iter(self._tree.listing(entry.path)))

    def _read_ignore(self, dockerfile: Path | None) -> Ignore:
        places = [(self._tree, self.root, ".dockerignore")]
        if dockerfile is not None:
            folder = dockerfile.parent
            places.insert(0, (Tree(folder, lambda _: False, self._note), folder, dockerfile.name + ".dockerignore"))
        for tree, folder, name in places:
            real = tree.resolve(name)
            text = None if real is None else tree.read(real, _IGNORE_SIZE + 1)
            if text is None:
                continue
            self.ignore_file = folder / name
            if len(text) > _IGNORE_SIZE:
                self._note(f"{name}: more than {_IGNORE_SIZE} bytes, so it was cut there")
            ignore = Ignore(decode(text[:_IGNORE_SIZE]))
            for problem in ignore.problems:
                self._note(f"{name}, {problem}")
            return ignore
        return Ignore("")

    def _note(self, problem: str) -> None:
        # Names come from strangers: a line feed or an escape sequence in one must not reach a terminal.
        shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in problem)
        if shown not in self._noted:
            self._noted.add(shown)
            self.problems.append(shown)


def is_remote(source: str) -> bool:
    """Whether ADD fetches a source: a URL, or `user@host:path` for git. What has a `scheme://` counts, whichever it is.

    BuildKit (frontend/dockerfile/dfgitutil) knows http, https, git and ssh. `github.com/owner/name` is a path to it.
    """
    return _REMOTE.match(source) is not None


@dataclass(frozen=True, slots=True)
class FoundContext:
    """A folder that fits as the context; `why` says it in words, `missing` are the sources with no match in it."""

    root: Path
    why: str
    missing: tuple[str, ...] = ()


def find_context(dockerfile: Path, sources: Sequence[str]) -> FoundContext:
    """The nearest folder, from the Dockerfile's own up to its repository's root, that has a match for every source.

    The sources are local ones, literal or patterns. Where no folder fits, it is the Dockerfile's own, with what is
    missing there.
    """
    try:
        own = Path(os.path.realpath(dockerfile.parent))
    except (OSError, ValueError):
        own = dockerfile.parent
    if not sources:
        return FoundContext(own, "nothing is copied from a context")
    missing: tuple[str, ...] = ()
    for folder in _up_to_repository(own):
        context = BuildContext(folder, dockerfile)
        absent = tuple(source for source in sources if not context.match(source))
        if not absent:
            near = "the Dockerfile's folder has every source"
            return FoundContext(folder, near if folder == own else "the nearest folder above that has every source")
        missing = missing or absent
    return FoundContext(own, "no folder up to the repository's root has every source", missing)


def _up_to_repository(folder: Path) -> list[Path]:
    folders = [folder, *folder.parents]
    for count, one in enumerate(folders, 1):
        if os.path.lexists(one / ".git"):
            return folders[:count]
    return folders[:1]
