"""Two ways to read a repository and to put a commit into it: the forge's API alone, or a clone (see `clone`)."""

import tempfile
from pathlib import Path
from typing import Protocol

from .blobs import blob_id
from .errors import ForgeError
from .forge import Forge, Listing, NewCommit, Repository, TreeEntry
from .snapshot import Snapshot, unpack

_MOST_MISSING = 200  # files that are fetched one by one, where the archive lacks them


class Source(Protocol):
    """Where the files of a repository come from."""

    def head(self, repository: Repository) -> str | None:
        """The commit of the default branch; None where there is none. Raises Skip for an empty repository."""

    def listing(self, repository: Repository, commit: str) -> Listing:
        """The files of a commit."""

    def fill(self, snapshot: Snapshot, repository: Repository, listing: Listing) -> None:
        """Put a commit's files into a snapshot."""

    def commit(self, repository: Repository, new: NewCommit) -> str:
        """Make a commit and have its branch point to it."""

    def close(self) -> None:
        """Let go of what was fetched."""


class ByApi:
    """The API alone: one listing, and one archive where a file has to be read. No git is needed."""

    def __init__(self, forge: Forge) -> None:
        """Through a forge."""
        self._forge = forge

    def head(self, repository: Repository) -> str | None:
        """The commit of the default branch."""
        return self._forge.head(repository, repository.branch)

    def listing(self, repository: Repository, commit: str) -> Listing:
        """The files of a commit. A list that was cut short is made whole by the archive (see `fill`) or not at all."""
        return self._forge.listing(repository, commit)

    def fill(self, snapshot: Snapshot, repository: Repository, listing: Listing) -> None:
        """From the commit's archive; what .gitattributes keeps out of archives is fetched by itself."""
        with tempfile.TemporaryFile() as file:
            self._forge.archive(repository, listing.commit, file)
            file.seek(0)
            unpack(file, snapshot)
        lacking = list(snapshot.missing(listing.entries))
        if len(lacking) > _MOST_MISSING:
            raise ForgeError(f"the archive lacks {len(lacking)} files of the commit: use --clone")
        for one in lacking:
            snapshot.put_bytes(one.path, one.mode, self._forge.blob(repository, one.blob))
        snapshot.finish()

    def commit(self, repository: Repository, new: NewCommit) -> str:
        """Through the API, so that the forge signs where it does."""
        return self._forge.commit(repository, new)

    def close(self) -> None:
        """Nothing is kept."""


def check_files(root: Path, entries: list[TreeEntry], fetch: Forge, repository: Repository, snapshot: Snapshot) -> None:
    """See to it that the Dockerfiles are the very blobs of the listing: export-subst rewrites files in archives."""
    for one in entries:
        path = root / one.path
        if path.is_symlink() or not path.is_file() or blob_id(path.read_bytes(), one.blob) != one.blob:
            snapshot.replace(one.path, one.mode, fetch.blob(repository, one.blob))
