"""The files of one commit in a temporary folder: the build context, which nothing in it can lead out of."""

import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from hardenfile.config import OWN, SHARED
from hardenfile.evidence.lock import LOCK_NAME

from .errors import ForgeError
from .forge import TreeEntry

_KEPT = 8 << 20  # bytes of one file; what evidence reads is far smaller, and the rest becomes a hole of the same length
_ALL = 4 << 30  # bytes that all files together may have
_COUNT = 400_000
_CHUNK = 1 << 20
# Read by their path and not through the context, so that a link of such a name could lead to the operator's own files.
_READ_AS_THEY_ARE = frozenset({OWN, SHARED, LOCK_NAME})
LINK, PROGRAM = "120000", "100755"


class Snapshot:
    """A folder that is removed at the end. Use it as a context manager."""

    def __init__(self) -> None:
        """An empty one."""
        self.base = Path(tempfile.mkdtemp(prefix="hardenfile-bot-"))
        self.root = self.base / "repository"
        # The context of a Dockerfile is looked for up to its repository's root, which has this folder.
        (self.root / ".git").mkdir(parents=True)
        self._links: list[tuple[str, str]] = []
        self._left, self._count = _ALL, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.base, ignore_errors=True)

    def put(self, path: str, mode: str, content: IO[bytes], size: int) -> None:
        """A file or, by git's `mode`, a link whose target is the content. Raises ForgeError for what is too much."""
        if not sound(path):
            return
        self._count += 1
        self._left -= size
        if self._count > _COUNT or self._left < 0:
            raise ForgeError("the repository is too large to be looked at: more than 400,000 files or 4 GiB")
        if mode == LINK:
            target = content.read(min(size, 4096))
            self._links.append((path, target.decode("utf-8", "surrogateescape")))
            return
        place = self.root / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                kept = min(size, _KEPT)
                while kept > 0 and (piece := content.read(min(kept, _CHUNK))):
                    kept -= file.write(piece)
                file.truncate(size)
            place.chmod(0o755 if mode == PROGRAM else 0o644)
        except (OSError, ValueError):  # a name that this system cannot have, or one file in the place of a folder
            return

    def put_bytes(self, path: str, mode: str, data: bytes) -> None:
        """As `put`, from memory."""
        self.put(path, mode, BytesIO(data), len(data))

    def replace(self, path: str, mode: str, data: bytes) -> None:
        """As `put_bytes`, in place of what is there; a path below a link is refused. Raises ForgeError."""
        place = self.root / path
        parents = [
            self.root.joinpath(*place.relative_to(self.root).parts[:count]) for count in range(path.count("/") + 1)
        ]
        if any(one.is_symlink() for one in parents):
            raise ForgeError(f"{path} lies below a link")
        place.unlink(missing_ok=True)
        self.put_bytes(path, mode, data)

    def finish(self) -> None:
        """Make the links: last, so that no file was ever written through one."""
        for path, target in self._links:
            if path.rpartition("/")[2] in _READ_AS_THEY_ARE:
                continue
            place = self.root / path
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(target)
            except (OSError, ValueError):
                continue
        self._links = []

    def missing(self, entries: Iterable[TreeEntry]) -> Iterator[TreeEntry]:
        """The files of a listing that are not here; an archive lacks those that .gitattributes marks export-ignore."""
        for one in entries:
            if sound(one.path) and not os.path.lexists(self.root / one.path):
                yield one


def unpack(archive: IO[bytes], snapshot: Snapshot) -> None:
    """Put a forge's tar.gz into a snapshot, without the folder that it wraps all in. Raises ForgeError.

    No member is extracted by tarfile: devices, hard links, owners and paths that lead elsewhere have no way in, on
    Pythons without extraction filters neither.
    """
    try:
        with tarfile.open(fileobj=archive, mode="r|gz") as tar:
            for member in tar:
                _, _, path = member.name.partition("/")
                if member.isreg():
                    content = tar.extractfile(member)
                    assert content is not None
                    snapshot.put(path, PROGRAM if member.mode & 0o100 else "100644", content, member.size)
                elif member.issym():
                    target = member.linkname.encode("utf-8", "surrogateescape")
                    snapshot.put_bytes(path, LINK, target)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ForgeError(f"the repository's archive cannot be read ({type(error).__name__})") from None
    snapshot.finish()


def sound(path: str) -> bool:
    """Whether a path stays below the root and spares `.git`, on every system."""
    parts = path.split("/")
    return (
        bool(path)
        and "\\" not in path
        and "\0" not in path
        and all(part not in ("", ".", "..") and part.rstrip(". ").lower() != ".git" for part in parts)
        and not (os.name == "nt" and ":" in path)
    )
