"""The files below a folder, as a builder sees them: no path and no link leads out of it."""

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from .globs import below_root, clean

LIMIT = 100_000  # entries of one folder, and of one walk
_MOST_LINKS = 255  # as in containerd's continuity/fs, which BuildKit resolves links with
_LONGEST_PATH = 4096  # characters; no system has a file there
_FLAGS = ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY")  # each where the system has it
_OPEN = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in _FLAGS)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the context. `path` is POSIX, relative to the root, which is ""; bytes that are no UTF-8 are kept
    as lone surrogates. `size` is in bytes, and 0 for all but files; `mode` holds the twelve permission bits.
    """

    path: str
    kind: Literal["file", "directory", "link", "other"]
    size: int
    mode: int


class Tree:
    """A folder's content. `hides` says of a clean path whether it is not there; `note` takes each problem as a line.

    Nothing here raises: what cannot be seen is noted, and what is not there, or went away meanwhile, is None.
    """

    def __init__(self, root: Path, hides: Callable[[str], bool], note: Callable[[str], None]) -> None:
        try:
            self._root = Path(os.path.realpath(root))
        except (OSError, ValueError):
            self._root = root
        self._top = os.fspath(self._root)
        self._hides = hides
        self._note = note
        self._listings: dict[str, tuple[Entry, ...]] = {}
        self._known: dict[str, Entry] = {}  # what was listed or asked for, by its path
        self._no_links: set[str] = set()  # other paths that were seen to be none, some of nothing at all

    def resolve(self, path: str) -> str | None:
        """Where a path leads when the links in it are followed, each taken as if the root were `/`, as builders do.

        None when a link is hidden or belongs to a loop, or the path is too long to be one. It need not be there.
        """
        done: list[str] = []
        ahead = below_root(path).split("/")[::-1]
        links, first = 0, ""
        while ahead:
            done.append(ahead.pop())
            here = "/".join(done)
            if len(here) > _LONGEST_PATH:
                return None
            target = self._link(here)
            if target is None:
                continue
            first = first or here
            links += 1
            if links > _MOST_LINKS:
                self._note(f"{first}: too many links, or links in a circle")
                return None
            if self._hides(here):
                return None
            folder = "/".join(done[:-1])
            if target.startswith("/") or f"{clean(f'{folder}/{target}'.lstrip('/'))}/".startswith("../"):
                self._note(f"{here}: the link points out of the context, to {target}; builders look inside for it")
            inside = below_root(target if target.startswith("/") else f"{folder}/{target}")
            ahead += inside.split("/")[::-1] if inside else []
            done = []
        return "/".join(done)

    def entry(self, path: str) -> Entry | None:
        """What is at a clean path; a link is not followed."""
        if path in self._known:
            return self._known[path]
        try:
            found = self._known[path] = _entry(path, os.lstat(self._at(path)))
            return found
        except OSError as error:
            self._complain(path, error, asked=True)
        except ValueError:
            pass
        return None

    def listing(self, folder: str) -> tuple[Entry, ...]:
        """What is in a folder, read once. Folders sort as if `/` ended their names, so that walks come out sorted."""
        if folder not in self._listings:
            found = self._listings[folder] = tuple(self._list(folder))
            self._known.update((entry.path, entry) for entry in found)
        return self._listings[folder]

    def read(self, path: str, most: int) -> bytes | None:
        """The first `most` bytes of a regular file; None for anything else, which is never opened to the end."""
        try:
            at = self._at(path)
            known = self._known.get(path)
            if known.kind != "file" if known else not stat.S_ISREG(os.lstat(at).st_mode):
                return None
            file = os.open(at, _OPEN)
            try:
                return _read(file, most) if stat.S_ISREG(os.fstat(file).st_mode) else None
            finally:
                os.close(file)
        except OSError as error:
            self._complain(path, error)
        except ValueError:
            pass
        return None

    def _list(self, folder: str) -> list[Entry]:
        entries: list[Entry] = []
        try:
            with os.scandir(self._at(folder)) as listing:
                for item in islice(listing, LIMIT):
                    path = f"{folder}/{item.name}" if folder else item.name
                    try:
                        entries.append(_entry(path, item.stat(follow_symlinks=False)))
                    except OSError as error:
                        self._complain(path, error)
                if next(listing, None):
                    self._note(f"{folder or '.'}: more than {LIMIT} entries, not all were looked at")
        except OSError as error:
            self._complain(folder, error)
        except ValueError:
            pass
        return sorted(entries, key=lambda entry: entry.path + "/" * (entry.kind == "directory"))

    def _link(self, path: str) -> str | None:
        """What a link says, or None for what is no link."""
        known = self._known.get(path)
        if path in self._no_links or (known is not None and known.kind != "link"):
            return None
        try:
            return os.fspath(Path(os.readlink(self._at(path)))).replace(os.sep, "/")  # noqa: PTH115 - most are none
        except (OSError, ValueError):
            self._no_links.add(path)
            return None

    def _at(self, path: str) -> str:
        """Where a clean path is on this machine. Raises ValueError for one that would lead out on Windows."""
        if os.sep != "/" and (os.sep in path or ":" in path):
            raise ValueError(path)
        return f"{self._top}/{path}" if path else self._top

    def _complain(self, path: str, error: OSError, asked: bool = False) -> None:
        # That a thing is not there, or went away, is an answer and no problem; but the root should be there.
        absent = error.errno in (errno.ENOENT, errno.ENOTDIR) or (asked and error.errno == errno.ENAMETOOLONG)
        if not absent or not path:
            self._note(f"{path or '.'}: {(error.strerror or type(error).__name__).lower()}")


def _entry(path: str, status: os.stat_result) -> Entry:
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISREG(status.st_mode):
        return Entry(path, "file", status.st_size, mode)
    if stat.S_ISDIR(status.st_mode):
        return Entry(path, "directory", 0, mode)
    return Entry(path, "link" if stat.S_ISLNK(status.st_mode) else "other", 0, mode)


def _read(file: int, most: int) -> bytes:
    chunks: list[bytes] = []
    while most > 0 and (chunk := os.read(file, min(most, 1 << 16))):
        chunks.append(chunk)
        most -= len(chunk)
    return b"".join(chunks)
