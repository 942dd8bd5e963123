"""What reading a Python application yields, and what the reader needs to see of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["write", "port", "root", "unknown", "temp", "library"]

FILE_LIMIT = 1_000_000
"""Bytes of one source file beyond which it is not read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the application does and that a non-root user may lack the right to.

    ``write``    it writes ``path``; with ``directory`` that is a folder it makes, or writes files into
    ``port``     it listens on ``port``, or on one that is not known (None)
    ``root``     it does what only root, or a capability, may do
    ``unknown``  it may write somewhere, and where cannot be known from the source; where the path is known and only
                 the writing is not, ``path`` is set
    ``temp``     it writes below ``path``, the folder for temporary files
    ``library``  a library keeps a cache or settings of its own; ``path`` is where, None when that depends on the HOME
                 of a user who is yet to be added

    ``file`` is the path of the source in the build context and ``line`` its line, from 1; both are empty ("" and 0)
    for what the command line itself says.
    """

    kind: Kind
    path: str | None
    directory: bool
    port: int | None
    what: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Application:
    """All that could be read of one application.

    ``complete`` is True only when an entry module was found, every module that is followed could be read, and no
    finding is ``unknown``. It speaks of the application's own writes: not of what its libraries write (``library``
    names the known ones), nor of another program that it runs by a name that is plain in the source.
    """

    entries: tuple[str, ...]
    modules: int
    findings: tuple[Finding, ...]
    problems: tuple[str, ...]
    complete: bool


class Tree(Protocol):
    """The application's files as the image will hold them, by absolute image path."""

    def read(self, path: str, limit: int = ...) -> bytes | None:
        """The first ``limit`` bytes of a file at most; None where its content is not known."""

    def exists(self, path: str) -> bool:
        """Whether a file or folder from the build context lies there."""

    def listing(self, path: str) -> Sequence[str]:
        """The names in an image folder that come from the build context."""

    def source_of(self, path: str) -> str:
        """The path in the build context that a file comes from, for reports."""
